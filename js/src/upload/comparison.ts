/**
 * Compares a file with the object that its key has already: hashes it as that was made, before a
 * byte is sent. The kernel decides; knows no network.
 */

import type { CompareObject, MultipartUploadCompleted, ObjectCut, ObjectGone } from "../protocol";
import type { FileChecksums } from "./checksums";
import { Parts } from "./parts";
import type { Work } from "./work";

export type Cut = Omit<ObjectCut, "kind" | "file_id">;
export type Hashed = Omit<CompareObject, "kind" | "file_id">;

/**
 * Find out whether the object is the file. If it is neither that nor gone, the kernel refuses.
 *
 * @param ask asks the kernel whether an object that was hashed so is the file.
 * @param hash hashes the file as an object was cut.
 */
export async function compare(
  { plan, parts }: Work,
  ask: (hashed: Hashed) => Promise<MultipartUploadCompleted | ObjectCut | ObjectGone>,
  hash: (cut: Cut) => Promise<Hashed>,
): Promise<MultipartUploadCompleted | ObjectGone> {
  const cut = { part_size: plan.part_size, parts_total: 1, md5: true, found: [] };
  // So small an object was most likely made at once: one question less for each of many files.
  let hashed = parts.total === 1 ? await hash(cut) : hashedNothing(0);
  for (;;) {
    const reply = await ask(hashed);
    if (reply.kind !== "object_cut") return reply;
    hashed = await hash(reply);
  }
}

function hashedNothing(part_size: number): Hashed {
  return { part_size, parts_sha256: [], parts_md5: [], sha256: "" };
}

/** One pass over the file. */
export class Comparison {
  /** Rejects if the file cannot be read, and with the signal's reason if that aborts. */
  readonly result: Promise<Hashed>;
  readonly #parts: Parts;
  readonly #plan: { readonly md5: boolean; readonly hash_file: boolean };
  readonly #checksums: FileChecksums;
  #resolve: (hashed: Hashed | Promise<Hashed>) => void = () => {};
  #reject: (reason: unknown) => void = () => {};
  /** Bytes of the object that the kernel has read back. */
  bytesRead = 0;
  #started = 0;
  #hashed = 0;
  #ended = false;

  constructor(
    size: number,
    cut: Cut,
    hashFile: boolean,
    checksums: FileChecksums,
    signal: AbortSignal,
  ) {
    const { part_size, parts_total, md5, found } = cut;
    this.#parts = new Parts(size, part_size, parts_total);
    this.#parts.offer(found);
    this.#plan = { md5, hash_file: hashFile && parts_total > 1 };
    this.#checksums = checksums;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    signal.addEventListener("abort", () => this.#reject(signal.reason), { once: true });
  }

  /** Whether a part waits to be hashed. */
  get hasMore(): boolean {
    return !this.#ended && this.#started < this.#parts.total;
  }

  /** How much was hashed, then read back, from 0 to 1. */
  get share(): number {
    if (this.bytesRead > 0) return Math.min(1, this.bytesRead / this.#parts.size);
    return this.#hashed / this.#parts.total;
  }

  async hashNext(lane: number): Promise<void> {
    const parts = this.#parts;
    this.#started += 1;
    const number = this.#started;
    try {
      const checksums = await this.#checksums.part(lane, { plan: this.#plan, parts }, number);
      const known = parts.found(number) !== undefined;
      if (known && !parts.compared(number, checksums)) this.#end(hashedNothing(parts.partSize));
      if (!known) parts.hashed(number, checksums);
      this.#hashed += 1;
      if (this.#hashed === parts.total) this.#end(this.#all());
    } catch (error) {
      this.#ended = true;
      this.#reject(error);
    }
  }

  #end(hashed: Hashed | Promise<Hashed>): void {
    this.#ended = true;
    this.#resolve(hashed);
  }

  async #all(): Promise<Hashed> {
    const checksums = this.#parts.allChecksums();
    return {
      part_size: this.#parts.partSize,
      parts_sha256: checksums.map((part) => part.sha256),
      parts_md5: this.#plan.md5 ? checksums.map((part) => part.md5) : [],
      sha256: this.#plan.hash_file ? await this.#checksums.whole(this.#parts) : "",
    };
  }
}
