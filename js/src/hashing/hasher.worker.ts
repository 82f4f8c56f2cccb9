/** Reads and hashes, off the page's thread: each part, and the whole file in its order. */

import * as Comlink from "comlink";
import { read } from "../reading";
import { giveBack } from "./buffers";
import { type Digest, digests } from "./digests";

export interface HashedPart {
  /** Base64. */
  readonly sha256: string;
  /** Base64, or empty if not wanted. */
  readonly md5: string;
}

export interface PartToHash {
  readonly slice: Blob;
  /** Bytes of the slice. */
  readonly size: number;
  readonly md5: boolean;
  /** Name of the whole file to which the bytes belong too; empty if that is not wanted. */
  readonly file: string;
  /** Where the slice begins in the file, bytes. */
  readonly offset: number;
}

/** Read at most this much at once: what is read stands in memory, and `subtle` cannot stream. */
const READ_BYTES = 32 * 1024 * 1024;

/** What the whole file's digest reads at once, where it has to read: twice that stands in memory. */
const PIECE_BYTES = 8 * 1024 * 1024;

interface Piece {
  readonly offset: number;
  readonly bytes: ArrayBuffer;
}

/** One file's digest, fed in any order of parts and hashed in the file's. */
class WholeFile {
  readonly #hasher: Promise<Digest> = digests().then((ours) => ours.sha256());
  readonly #early = new Set<{ readonly offset: number; readonly release: () => void }>();
  #offset = 0;
  #abandoned = false;
  #hex: string | undefined;
  /** Settles when nothing is read here any more. */
  #reading: Promise<unknown> = Promise.resolve();

  /** Resolves when the bytes were taken, and are gone: reading ahead waits here. */
  async update(offset: number, bytes: ArrayBuffer): Promise<void> {
    try {
      await this.#take(offset, bytes);
    } finally {
      giveBack(bytes);
    }
  }

  async #take(offset: number, bytes: ArrayBuffer): Promise<void> {
    const hasher = await this.#hasher;
    await this.#turn(offset);
    // A part may be hashed a second time, and be read here meanwhile.
    if (this.#abandoned || this.#hex !== undefined || offset < this.#offset) return;
    hasher.update(new Uint8Array(bytes));
    this.#offset = offset + bytes.byteLength;
    for (const waiting of this.#early) {
      if (waiting.offset > this.#offset) continue;
      this.#early.delete(waiting);
      waiting.release();
    }
  }

  /** Wait for the bytes before. */
  async #turn(offset: number): Promise<void> {
    if (this.#abandoned || offset <= this.#offset) return;
    await new Promise<void>((release) => this.#early.add({ offset, release }));
  }

  /** Read what no part brings: a slice that begins at `offset`, in its turn. */
  async fill(offset: number, slice: Blob): Promise<void> {
    await this.#turn(offset);
    await this.#readAll(slice, offset);
  }

  /** What no part brought is read here. */
  async digest(bytes: Blob): Promise<string> {
    await this.#readAll(bytes, 0);
    const hasher = await this.#hasher;
    if (this.#hex !== undefined) return this.#hex;
    this.#hex = hexadecimal(hasher.end());
    return this.#hex;
  }

  /** One after the other: else each byte would be read twice. */
  #readAll(slice: Blob, base: number): Promise<void> {
    const reading = this.#reading.then(() => this.#readOn(slice, base));
    this.#reading = reading.catch(() => {});
    return reading;
  }

  /** Each piece is read while the one before it is hashed. */
  async #readOn(slice: Blob, base: number): Promise<void> {
    const end = base + slice.size;
    if (this.#offset >= end) return;
    let ahead = this.#read(slice, base, this.#offset);
    while (this.#offset < end) {
      const piece = await ahead;
      if (this.#abandoned) throw new Error("the digest is not wanted any more");
      // Else parts have brought it meanwhile.
      const isNext = piece.offset === this.#offset;
      const next = isNext ? piece.offset + piece.bytes.byteLength : this.#offset;
      ahead = this.#read(slice, base, next);
      if (isNext) await this.update(piece.offset, piece.bytes);
      else giveBack(piece.bytes);
    }
  }

  #read(slice: Blob, base: number, offset: number): Promise<Piece> {
    const start = offset - base;
    const reading = read(slice.slice(start, start + PIECE_BYTES)).then((bytes) => ({
      offset,
      bytes,
    }));
    reading.catch(() => {});
    return reading;
  }

  /** The missing parts will not come: release those that wait for them. */
  abandon(): void {
    this.#abandoned = true;
    for (const { release } of this.#early) release();
  }
}

/** Whole-file digests. One worker has them all, so that they never block reading. */
export class WholeHasher {
  readonly #files = new Map<string, WholeFile>();
  /** A part that was read when its file was forgotten still comes: it must not start again. */
  readonly #forgotten = new Set<string>();

  connect(port: MessagePort): void {
    Comlink.expose(this, port);
  }

  async update(file: string, offset: number, bytes: ArrayBuffer): Promise<void> {
    if (this.#forgotten.has(file)) giveBack(bytes);
    else await this.#file(file).update(offset, bytes);
  }

  async fill(file: string, offset: number, slice: Blob): Promise<void> {
    if (!this.#forgotten.has(file)) await this.#file(file).fill(offset, slice);
  }

  /** Hexadecimal, as `sha256sum` prints it. */
  async digest(file: string, bytes: Blob): Promise<string> {
    return this.#file(file).digest(bytes);
  }

  forget(file: string): void {
    this.#forgotten.add(file);
    this.#files.get(file)?.abandon();
    this.#files.delete(file);
  }

  #file(name: string): WholeFile {
    const whole = this.#files.get(name) ?? new WholeFile();
    this.#files.set(name, whole);
    return whole;
  }
}

/** Checksums of parts. */
export class PartHasher {
  #whole: Comlink.Remote<WholeHasher> | undefined;
  /** Settles when the whole file's digest has taken the bytes that stand in memory for it. */
  #taken: Promise<void> | undefined;

  connect(port: MessagePort): void {
    this.#whole = Comlink.wrap<WholeHasher>(port);
  }

  /** @throws FileChangedError if the file is not what it was. */
  async hash({ slice, size, md5, file, offset }: PartToHash): Promise<HashedPart> {
    // Before all else: so each part waits for such only that were asked for before it.
    if (file !== "") await this.#room();
    const small = size <= READ_BYTES;
    const digester = small && globalThis.crypto?.subtle ? new OneShot() : await Streaming.create();
    const md5er = md5 ? (await digests()).md5() : undefined;
    for (let start = 0; start < size; start += READ_BYTES) {
      if (start > 0) await this.#room();
      const bytes = await (small
        ? read(slice, size)
        : read(slice.slice(start, start + READ_BYTES)));
      await digester.update(bytes);
      md5er?.update(new Uint8Array(bytes));
      if (file !== "") this.#taken = this.#feed(file, offset + start, bytes);
      else giveBack(bytes);
    }
    const sha256 = base64(await digester.digest());
    return { sha256, md5: md5er ? base64(md5er.end()) : "" };
  }

  #feed(file: string, offset: number, bytes: ArrayBuffer): Promise<void> | undefined {
    const taken = this.#whole?.update(file, offset, Comlink.transfer(bytes, [bytes]));
    // The next part hears of it.
    taken?.catch(() => {});
    return taken;
  }

  /** Wait until nothing stands in memory that was read before. */
  async #room(): Promise<void> {
    const taken = this.#taken;
    this.#taken = undefined;
    await taken;
  }
}

/** The browser's own SHA-256: fastest, but takes all bytes at once and needs a secure context. */
class OneShot {
  #digest: ArrayBuffer | undefined;

  async update(bytes: ArrayBuffer): Promise<void> {
    this.#digest = await crypto.subtle.digest("SHA-256", bytes);
  }

  async digest(): Promise<Uint8Array> {
    return new Uint8Array(
      this.#digest ?? (await crypto.subtle.digest("SHA-256", new ArrayBuffer(0))),
    );
  }
}

/** SHA-256 by WebAssembly: takes the bytes as they come, in any context. */
class Streaming {
  readonly #digest: Digest;

  private constructor(digest: Digest) {
    this.#digest = digest;
  }

  static async create(): Promise<Streaming> {
    return new Streaming((await digests()).sha256());
  }

  async update(bytes: ArrayBuffer): Promise<void> {
    this.#digest.update(new Uint8Array(bytes));
  }

  async digest(): Promise<Uint8Array> {
    return this.#digest.end();
  }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** What a worker offers: it becomes one of the two. */
export const roles = {
  part: () => Comlink.proxy(new PartHasher()),
  whole: () => Comlink.proxy(new WholeHasher()),
};
export type Roles = typeof roles;

export { Comlink };

/** Where workers are refused the page imports this module and connects by a port of its own. */
export function serve(port: MessagePort): void {
  Comlink.expose(roles, port);
}

if ("WorkerGlobalScope" in globalThis) {
  Comlink.expose(roles);
  globalThis.postMessage("ready");
}
