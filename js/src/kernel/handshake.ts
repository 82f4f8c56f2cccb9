/** Page and kernel make each other's acquaintance, before any file and after each restart. */

import { VERSION, type Welcome } from "../protocol";
import { text } from "../text/text";
import { tuning } from "../tuning";
import { type Kernel, KernelError } from "./kernel";

export class Handshake {
  readonly #kernel: Kernel;
  readonly #answered: (welcome: Welcome) => void;
  readonly #signal: AbortSignal;
  #welcome: Welcome | undefined;
  #refusal = "";
  #said: Promise<void> = Promise.resolve();

  /**
   * @param answered is told each time that the kernel welcomes this page.
   * @param signal ends waiting for the kernel.
   */
  constructor(kernel: Kernel, answered: (welcome: Welcome) => void, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#answered = answered;
    this.#signal = signal;
  }

  /** What the kernel said of the widget; undefined until it spoke. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  /** Why the kernel does not speak with this page; else empty. */
  get refusal(): string {
    return this.#refusal;
  }

  /** Whether the kernel has not said yet whether it speaks with this page. */
  get isOpen(): boolean {
    return this.#welcome === undefined && this.#refusal === "";
  }

  /** Why the kernel may never answer, for people; empty while it answers or soon may. */
  get deafness(): string {
    if (this.#kernel.cut) return text.restarted;
    if (!this.isOpen) return "";
    return Date.now() - this.#kernel.heardAt > tuning.kernelMissingMs ? text.noKernel : "";
  }

  /** Resolves when the last hello is answered, either way. */
  get said(): Promise<void> {
    return this.#said;
  }

  /** Introduce this page. Resolves when the kernel answered, either way. */
  say(): Promise<void> {
    this.#said = this.#say();
    return this.#said;
  }

  async #say(): Promise<void> {
    try {
      const hello = { kind: "hello", version: VERSION, origin: location.origin } as const;
      this.#welcome = await this.#kernel.call(hello, this.#signal);
      this.#refusal = "";
      this.#answered(this.#welcome);
    } catch (error) {
      // Else disposed of before the kernel answered.
      if (error instanceof KernelError) this.#refusal = error.message;
    }
  }
}
