/** What the kernel holds for a file: from its plan on, until it was made to forget it. */

import type { Asking } from "./asking";

/** What becomes of the parts on S3 when the kernel forgets the file. */
export type Rest = "keep parts" | "delete parts";

export class Claim {
  readonly #asking: Asking;
  #held = false;
  #releasing = Promise.resolve();

  constructor(asking: Asking) {
    this.#asking = asking;
  }

  /** The kernel has planned the file: it has its key, and S3 perhaps parts. */
  taken(): void {
    this.#held = true;
  }

  /**
   * Have the kernel forget the file, once: what was kept, nothing that comes later deletes.
   *
   * @throws KernelError if the kernel cannot; it may be asked again.
   */
  async release(rest: Rest): Promise<void> {
    await this.#releasing.catch(() => {});
    if (!this.#held) return;
    this.#releasing = this.#asking.forget(rest);
    await this.#releasing;
    this.#held = false;
  }
}
