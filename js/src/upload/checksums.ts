/** The checksums of one file: of its parts, and of the whole while its parts go by. */

import type { Hashers } from "../hashing/workers";
import { randomId } from "../ids";
import { FileChangedError } from "../reading";
import type { Checksums, Parts } from "./parts";

interface Planned {
  readonly plan: { readonly md5: boolean; readonly hash_file: boolean };
  readonly parts: Parts;
}

interface Ahead {
  readonly length: number;
  readonly md5: boolean;
  readonly checksums: Promise<Checksums>;
}

export class FileChecksums {
  readonly #file: File;
  readonly #hashers: Hashers;
  /** Name of the whole file's digest in the worker; a file of one part needs none. */
  #name = "";
  /**
   * Where the next part begins that feeds the whole file's digest: it takes them in their order
   * only; negative once the digest reads all that is left by itself.
   */
  #fed = 0;
  /** Parts that were hashed before their turn: where each begins, and where it ends. */
  readonly #early = new Map<number, number>();
  /** The digest that reads the file itself, once it was asked for. */
  #digest: Promise<string> | undefined;
  /** Whether the worker holds anything of the file. */
  #held = false;
  /** Parts that are hashed before anybody asked for them, by where they begin. */
  readonly #ahead = new Map<number, Ahead>();

  constructor(file: File, hashers: Hashers) {
    this.#file = file;
    this.#hashers = hashers;
  }

  /**
   * Hash the first parts, one in each lane: most likely they are asked for soon, cut like this.
   * What becomes of them is seen by who asks.
   */
  hashAhead(planned: Planned): void {
    const { plan, parts } = planned;
    for (let number = 1; number <= Math.min(this.#hashers.lanes, parts.total); number += 1) {
      const isKnown = parts.checksums(number) !== undefined;
      if (isKnown || this.#ahead.has(parts.offset(number))) continue;
      const checksums = this.#hash(number - 1, planned, number, plan.md5);
      checksums.catch(() => {});
      const length = parts.length(number);
      this.#ahead.set(parts.offset(number), { length, md5: plan.md5, checksums });
    }
  }

  /**
   * Hash a part.
   *
   * @throws FileChangedError if it was hashed before and its bytes are others now.
   */
  async part(lane: number, planned: Planned, number: number): Promise<Checksums> {
    const { plan, parts } = planned;
    const md5 = plan.md5 || parts.found(number)?.sha256 === "";
    const before = parts.checksums(number);
    const ahead = this.#takeAhead(parts.offset(number), parts.length(number), md5);
    const checksums = await (ahead ?? this.#hash(lane, planned, number, md5));
    if (before === undefined || before.sha256 === checksums.sha256) return checksums;
    this.#failed();
    throw new FileChangedError(this.#file.name);
  }

  /** Each serves once: who asks a second time wants to know whether the bytes are still the same. */
  #takeAhead(offset: number, length: number, md5: boolean): Promise<Checksums> | undefined {
    const ahead = this.#ahead.get(offset);
    this.#ahead.delete(offset);
    return ahead?.length === length && (ahead.md5 || !md5) ? ahead.checksums : undefined;
  }

  async #hash(
    lane: number,
    { plan, parts }: Planned,
    number: number,
    md5: boolean,
  ): Promise<Checksums> {
    const offset = parts.offset(number);
    const size = parts.length(number);
    const end = offset + size;
    const slice = parts.total > 1 ? this.#file.slice(offset, end) : this.#file;
    // A file of one part is that part: its bytes are hashed once.
    const feeds = plan.hash_file && parts.total > 1 && this.#feeds(offset, end);
    const part = { slice, size, md5, file: feeds ? this.#name : "", offset };
    try {
      return await this.#hashers.hash(lane, part);
    } catch (error) {
      this.#failed();
      throw error;
    }
  }

  /** Whether it is a part's turn to feed the digest; if not yet, the digest reads it in its turn. */
  #feeds(offset: number, end: number): boolean {
    if (this.#fed < 0 || end <= this.#fed) return false;
    const isTurn = offset === this.#fed;
    if (isTurn) this.#fed = end;
    else this.#early.set(Math.max(offset, this.#fed), end);
    this.#hold();
    this.#fill();
    return isTurn;
  }

  /** Have the digest read what comes next, as far as that was hashed before its turn. */
  #fill(): void {
    const from = this.#fed;
    for (let end = this.#early.get(from); end !== undefined; end = this.#early.get(end)) {
      this.#early.delete(this.#fed);
      this.#fed = end;
    }
    if (this.#fed === from) return;
    const slice = this.#file.slice(from, this.#fed);
    this.#hashers.fill(this.#name, from, slice).catch(() => this.#failed());
  }

  /** The parts after this one would wait for it forever. */
  #failed(): void {
    this.#fed = -1;
    this.drop();
  }

  /** SHA-256 of the whole file, hexadecimal. What no part brought is read now. */
  async whole(parts: Parts): Promise<string> {
    if (parts.total === 1) return hexadecimal(parts.allChecksums()[0]?.sha256 ?? "");
    return this.#read();
  }

  /** Have the digest read what no part has brought. */
  #read(): Promise<string> {
    this.#fed = -1;
    this.#hold();
    this.#digest ??= this.#hashers.digest(this.#name, this.#file);
    this.#digest.catch(() => {
      this.#digest = undefined;
    });
    return this.#digest;
  }

  /** Forget what was hashed: the file is hashed again. */
  fresh(): FileChecksums {
    this.drop();
    return new FileChecksums(this.#file, this.#hashers);
  }

  #hold(): void {
    if (this.#name === "") this.#name = randomId();
    this.#held = true;
  }

  /** Free what the worker holds. */
  drop(): void {
    if (this.#held) void this.#hashers.forget(this.#name);
    this.#held = false;
  }
}

function hexadecimal(base64: string): string {
  const bytes = Array.from(atob(base64), (character) => character.charCodeAt(0));
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
