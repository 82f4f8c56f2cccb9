/** The checksums of one file: of its parts, and of the whole while its parts go by. */

import type { Hashers } from "./hashers";
import { randomId } from "./kernel";
import type { Checksums, Parts } from "./parts";

/** The bytes of a part are not those that were hashed before. */
export class FileChangedError extends Error {
  override readonly name = "FileChangedError";
}

interface Planned {
  readonly plan: { readonly md5: boolean; readonly hash_file: boolean };
  readonly parts: Parts;
}

export class FileHashes {
  readonly #file: File;
  readonly #hashers: Hashers;
  /** Name of the whole file's digest in the worker. */
  readonly #name = randomId();
  /** Once a part could not be read, the parts after it would wait for it forever. */
  #broken = false;

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
    const offset = parts.offset(number);
    const slice = this.#file.slice(offset, offset + parts.length(number));
    const feeds = plan.hash_file && before === undefined && !this.#broken;
    const part = { slice, md5: plan.md5, file: feeds ? this.#name : "", offset };
    try {
      const checksums = await this.#hashers.hash(lane, part);
      if (before === undefined || before.sha256 === checksums.sha256) return checksums;
      throw new FileChangedError(this.#file.name);
    } catch (error) {
      this.#broken = true;
      this.drop();
      throw error;
    }
  }

  /** SHA-256 of the whole file, hexadecimal. What no part brought is read now. */
  whole(): Promise<string> {
    return this.#hashers.digest(this.#name, this.#file);
  }

  /** Free what the worker holds. */
  drop(): void {
    void this.#hashers.forget(this.#name);
  }
}
