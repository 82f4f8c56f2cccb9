/** Looks whether a part can still be read while none of its bytes move: Firefox does not say. */

import { checkReadable } from "../reading";
import { tuning } from "../tuning";

export class Look {
  /** Rejects once the part cannot be read. */
  readonly failed: Promise<never>;
  readonly #body: Blob;
  #fail: (reason: unknown) => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;

  constructor(body: Blob) {
    this.#body = body;
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.later();
  }

  /** Bytes moved. */
  later(): void {
    clearTimeout(this.#timer);
    if (!this.#isOver) this.#timer = setTimeout(() => void this.#look(), tuning.stillMs);
  }

  end(): void {
    this.#isOver = true;
    clearTimeout(this.#timer);
  }

  async #look(): Promise<void> {
    try {
      await checkReadable(this.#body);
      this.later();
    } catch (error) {
      this.#fail(error);
    }
  }
}
