/** Why a store is out of reach: the page sees no reason, so it asks the kernel for one. */

import { type Kernel, KernelError } from "../kernel/kernel";
import { text } from "../text/text";
import { type Problem, problemOf } from "../upload/problem";
import type { Upload } from "../upload/upload";

/** S3 refuses whatever the kernel signs: trying again is no use before somebody mends that. */
const ENDING = new Set<Problem["code"]>([
  "credentials",
  "clock_skew",
  "wrong_region",
  "no_such_bucket",
]);

export class Diagnoses {
  readonly #kernel: Kernel;
  readonly #files: () => readonly Upload[];
  readonly #signal: AbortSignal;
  readonly #found = new Map<string, string>();

  constructor(kernel: Kernel, files: () => readonly Upload[], signal: AbortSignal) {
    this.#kernel = kernel;
    this.#files = files;
    this.#signal = signal;
  }

  /** The cause that was found last, for people; empty if none was. */
  of(store: string): string {
    return this.#found.get(store) ?? "";
  }

  /** Find out what hinders a file; all that go to the same store fail where waiting is no use. */
  async diagnose(upload: Upload): Promise<void> {
    const store = upload.active?.plan.store ?? "";
    try {
      const found = await this.#kernel.call(
        { kind: "diagnose", file_id: upload.id, origin: location.origin },
        this.#signal,
      );
      const message = text.fromKernel(found.cause, found.message);
      this.#found.set(store, message);
      if (found.cause === "cors") this.#fail(store, { code: "cors", message });
    } catch (error) {
      // If the kernel finds nothing, the page keeps probing by itself.
      if (!(error instanceof KernelError && ENDING.has(error.code))) return;
      this.#fail(store, problemOf(error, upload.file.name));
    }
  }

  #fail(store: string, problem: Problem): void {
    for (const upload of this.#files()) {
      if (upload.active?.plan.store === store) upload.fail(problem);
    }
  }
}
