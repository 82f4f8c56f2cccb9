/** Reads and hashes, off the page's thread: each part, and the whole file in its order. */

import * as Comlink from "comlink";
import { createMD5, createSHA256, type IHasher } from "hash-wasm";

export interface HashedPart {
  /** Base64. */
  readonly sha256: string;
  /** Base64, or empty if not wanted. */
  readonly md5: string;
}

export interface PartToHash {
  readonly slice: Blob;
  readonly md5: boolean;
  /** Name of the whole file to which the bytes belong too; empty if that is not wanted. */
  readonly file: string;
  /** Where the slice begins in the file, bytes. */
  readonly offset: number;
}

/** Read at most this much at once: what is read stands in memory, and `subtle` cannot stream. */
const READ_BYTES = 32 * 1024 * 1024;

/**
 * Hashers that are used again and again: each is a WebAssembly instance with memory of its own, and
 * a browser has room for few.
 */
class Spares {
  readonly #create: () => Promise<IHasher>;
  readonly #free: IHasher[] = [];

  constructor(create: () => Promise<IHasher>) {
    this.#create = create;
  }

  async take(): Promise<IHasher> {
    return (this.#free.pop() ?? (await this.#create())).init();
  }

  giveBack(hasher: IHasher): void {
    this.#free.push(hasher);
  }
}

const sha256s = new Spares(() => createSHA256());
const md5s = new Spares(() => createMD5());

/** One file's digest, fed in any order of parts and hashed in the file's. */
class WholeFile {
  readonly #hasher: Promise<IHasher> = sha256s.take();
  readonly #early = new Map<number, () => void>();
  #offset = 0;
  #abandoned = false;
  #hex: string | undefined;

  /** Resolves when the bytes were taken: reading ahead waits here. */
  async update(offset: number, bytes: ArrayBuffer): Promise<void> {
    const hasher = await this.#hasher;
    // A part may be hashed a second time.
    if (this.#abandoned || this.#hex !== undefined || offset < this.#offset) return;
    if (offset > this.#offset) {
      await new Promise<void>((resolve) => this.#early.set(offset, resolve));
    }
    if (this.#abandoned) return;
    hasher.update(new Uint8Array(bytes));
    this.#offset = offset + bytes.byteLength;
    const next = this.#early.get(this.#offset);
    this.#early.delete(this.#offset);
    next?.();
  }

  /** What no part brought is read here. */
  async digest(bytes: Blob): Promise<string> {
    while (this.#offset < bytes.size) {
      if (this.#abandoned) throw new Error("the digest is not wanted any more");
      const slice = bytes.slice(this.#offset, this.#offset + READ_BYTES);
      await this.update(this.#offset, await slice.arrayBuffer());
    }
    const hasher = await this.#hasher;
    if (this.#hex !== undefined) return this.#hex;
    // Once abandoned, the hasher may be another file's already.
    if (this.#abandoned) throw new Error("the digest is not wanted any more");
    this.#hex = hasher.digest("hex");
    sha256s.giveBack(hasher);
    return this.#hex;
  }

  /** The missing parts will not come: release those that wait for them. */
  abandon(): void {
    this.#abandoned = true;
    for (const release of this.#early.values()) release();
    if (this.#hex === undefined) void this.#hasher.then((hasher) => sha256s.giveBack(hasher));
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
    if (!this.#forgotten.has(file)) await this.#file(file).update(offset, bytes);
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

  connect(port: MessagePort): void {
    this.#whole = Comlink.wrap<WholeHasher>(port);
  }

  /** @throws NotReadableError or NotFoundError if the file is not what it was. */
  async hash({ slice, md5, file, offset }: PartToHash): Promise<HashedPart> {
    const small = slice.size <= READ_BYTES;
    const digester = small && globalThis.crypto?.subtle ? new OneShot() : await Streaming.create();
    const md5er = md5 ? await md5s.take() : undefined;
    for (let start = 0; start < slice.size; start += READ_BYTES) {
      const bytes = await slice.slice(start, start + READ_BYTES).arrayBuffer();
      await digester.update(bytes);
      md5er?.update(new Uint8Array(bytes));
      if (file !== "") {
        await this.#whole?.update(file, offset + start, Comlink.transfer(bytes, [bytes]));
      }
    }
    const sha256 = base64(await digester.digest());
    const md5Digest = md5er ? base64(md5er.digest("binary")) : "";
    if (md5er) md5s.giveBack(md5er);
    return { sha256, md5: md5Digest };
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
  readonly #hasher: IHasher;

  private constructor(hasher: IHasher) {
    this.#hasher = hasher;
  }

  static async create(): Promise<Streaming> {
    return new Streaming(await sha256s.take());
  }

  async update(bytes: ArrayBuffer): Promise<void> {
    this.#hasher.update(new Uint8Array(bytes));
  }

  async digest(): Promise<Uint8Array> {
    const digest = this.#hasher.digest("binary");
    sha256s.giveBack(this.#hasher);
    return digest;
  }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
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
