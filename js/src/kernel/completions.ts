/**
 * Has files completed by the kernel. Those that went as one PUT come by the hundred: they gather
 * for a message, since the kernel proves many by one list.
 */

import { delay, Notify } from "../async";
import {
  type CompleteMultipartUpload,
  MAX_BATCH,
  type MultipartUploadCompleted,
  type PartsMissing,
  type RefusedFile,
} from "../protocol";
import { tuning } from "../tuning";
import { type Kernel, KernelError } from "./kernel";

export type Completed = MultipartUploadCompleted | PartsMissing;
interface Waiting {
  readonly request: CompleteMultipartUpload;
  readonly resolve: (reply: Completed) => void;
  readonly reject: (reason: unknown) => void;
}

/** Messages on their way at once. */
const MESSAGES = 2;

/** So many files are worth a list. */
const WORTH_A_LIST = 21;

export class Completions {
  readonly #kernel: Kernel;
  readonly #unsent: () => number;
  readonly #signal: AbortSignal;
  readonly #called = new Notify();
  #waiting: Waiting[] = [];
  #isGathering = false;
  #underway = 0;

  /** @param unsent how many files have yet to be sent, some of which may soon be completed. */
  constructor(kernel: Kernel, unsent: () => number, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#unsent = unsent;
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
      const entry = { request, resolve, reject };
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== entry);
        reject(signal.reason);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(entry);
      this.#called.notify();
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    const isFull = this.#isGathering || this.#underway >= MESSAGES;
    if (isFull || this.#waiting.length === 0) return;
    this.#isGathering = true;
    await this.#gather();
    this.#isGathering = false;
    this.#underway += 1;
    const batch = this.#waiting.splice(0, MAX_BATCH);
    void this.#next();
    try {
      if (batch.length > 0) await this.#complete(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#underway -= 1;
      void this.#next();
    }
  }

  /** Files that are done in the same breath go together; of many, those of the next moments too. */
  async #gather(): Promise<void> {
    await Promise.resolve();
    let isLate = false;
    const late = delay(tuning.gatherMs, this.#signal)
      .catch(() => {})
      .then(() => {
        isLate = true;
      });
    while (!isLate && this.#mayGrow()) await Promise.race([late, this.#called.wait()]);
  }

  #mayGrow(): boolean {
    const unsent = this.#unsent();
    const { length } = this.#waiting;
    return length < MAX_BATCH && unsent > 0 && length + unsent >= WORTH_A_LIST;
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
