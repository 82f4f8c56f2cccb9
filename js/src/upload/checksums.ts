/** The checksums of one file: of its parts, and of the whole while its parts go by. */

import type { Hashers } from "../hashing/workers";
import { randomId } from "../ids";
import type { Checksums, Parts } from "./parts";

/** The bytes of a part are not those that were hashed before. */
export class FileChangedError extends Error {
  override readonly name = "FileChangedError";
}

interface Planned {
  readonly plan: { readonly md5: boolean; readonly hash_file: boolean };
  readonly parts: Parts;
}

export class FileChecksums {
  readonly #file: File;
  readonly #hashers: Hashers;
  /** Name of the whole file's digest in the worker; a file of one part needs none. */
  #name = "";
  /**
   * Where the next part begins that feeds the whole file's digest: it takes them in their order
   * only. The others are read again at the end.
   */
  #fed = 0;
  /** Whether the worker holds anything of the file. */
  #held = false;

  constructor(file: File, hashers: Hashers) {
    this.#file = file;
    this.#hashers = hashers;
  }

  /**
   * Hash a part.
   *
   * @throws FileChangedError if it was hashed before and its bytes are others now.
   */
  async part(lane: number, { plan, parts }: Planned, number: number): Promise<Checksums> {
    const before = parts.checksums(number);
    const found = parts.found(number);
    const offset = parts.offset(number);
    const end = offset + parts.length(number);
    const slice = parts.total > 1 ? this.#file.slice(offset, end) : this.#file;
    // A file of one part is that part: its bytes are hashed once.
    const feeds = plan.hash_file && parts.total > 1 && offset === this.#fed;
    if (feeds) {
      this.#fed = offset + slice.size;
      this.#hold();
    }
    const md5 = plan.md5 || found?.sha256 === "";
    const part = { slice, md5, file: feeds ? this.#name : "", offset };
    try {
      const checksums = await this.#hashers.hash(lane, part);
      if (before === undefined || before.sha256 === checksums.sha256) return checksums;
      throw new FileChangedError(this.#file.name);
    } catch (error) {
      // The parts after this one would wait for it forever.
      this.#fed = -1;
      this.drop();
      throw error;
    }
  }

  /** SHA-256 of the whole file, hexadecimal. What no part brought is read now. */
  async whole(parts: Parts): Promise<string> {
    if (parts.total === 1) return hexadecimal(parts.allChecksums()[0]?.sha256 ?? "");
    this.#hold();
    return this.#hashers.digest(this.#name, this.#file);
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
