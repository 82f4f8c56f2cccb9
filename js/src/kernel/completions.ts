/**
 * Has files completed by the kernel. Those that went as one PUT come by the hundred: while one
 * message is on its way, the others gather for the next.
 */

import {
  type CompleteMultipartUpload,
  MAX_BATCH,
  type MultipartUploadCompleted,
  type PartsMissing,
  type RefusedFile,
} from "../protocol";
import { type Kernel, KernelError } from "./kernel";

export type Completed = MultipartUploadCompleted | PartsMissing;
interface Waiting {
  readonly request: CompleteMultipartUpload;
  readonly resolve: (reply: Completed) => void;
  readonly reject: (reason: unknown) => void;
}

/** Messages on their way at once. */
const MESSAGES = 2;

export class Completions {
  readonly #kernel: Kernel;
  readonly #signal: AbortSignal;
  #waiting: Waiting[] = [];
  #underway = 0;

  constructor(kernel: Kernel, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#signal = signal;
  }

  /**
   * Complete a file; one of several parts in a message of its own, as S3 may take minutes for it.
   *
   * @throws KernelError if the kernel refuses; the signal's reason if that aborts.
   */
  call(request: CompleteMultipartUpload, signal: AbortSignal): Promise<Completed> {
    if (request.parts_sha256.length > 1) return this.#kernel.call(request, signal);
    return new Promise<Completed>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      this.#waiting.push({ request, resolve, reject });
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    if (this.#underway >= MESSAGES || this.#waiting.length === 0) return;
    this.#underway += 1;
    // Files that are done in the same breath go together.
    await Promise.resolve();
    const batch = this.#waiting.splice(0, MAX_BATCH);
    try {
      if (batch.length > 0) await this.#complete(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#underway -= 1;
      void this.#next();
    }
  }

  async #complete(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first !== undefined && batch.length === 1) {
      first.resolve(await this.#kernel.call(first.request, this.#signal));
      return;
    }
    const files = batch.map(({ request }) => request);
    const reply = await this.#kernel.call({ kind: "complete_files", files }, this.#signal);
    for (const [index, entry] of batch.entries()) settle(entry, reply.files[index]);
  }
}

function settle({ resolve, reject }: Waiting, answer: Completed | RefusedFile | undefined): void {
  if (answer === undefined) reject(new Error("the kernel answered for fewer files than asked"));
  else if (answer.kind !== "refused_file") resolve(answer);
  else reject(new KernelError(answer.code, answer.message, answer.retryable));
}
