/** Introduces the page to the kernel, before any file and after each restart. */

import { hasCells } from "../host";
import { VERSION, type Welcome } from "../protocol";
import { text } from "../text/text";
import { tuning } from "../tuning";
import { type Kernel, KernelError } from "./kernel";

export class Handshake {
  readonly #kernel: Kernel;
  readonly #onWelcome: (welcome: Welcome) => void;
  readonly #signal: AbortSignal;
  #welcome: Welcome | undefined;
  #refusal = "";
  #settled: Promise<void> = Promise.resolve();

  /**
   * @param onWelcome is called each time that the kernel welcomes this page.
   * @param signal ends waiting for the kernel.
   */
  constructor(kernel: Kernel, onWelcome: (welcome: Welcome) => void, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#onWelcome = onWelcome;
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
    const cells = hasCells();
    if (this.#kernel.isCut || this.#kernel.isOutOfReach) return cells ? text.restarted : text.ended;
    if (this.#kernel.isDeaf) return cells ? text.deaf : text.noPython;
    if (!this.isOpen) return "";
    const isMissing = Date.now() - this.#kernel.heardAt > tuning.kernelMissingMs;
    return isMissing ? (cells ? text.noKernel : text.noPython) : "";
  }

  /** Resolves when the last hello is answered, either way. */
  get settled(): Promise<void> {
    return this.#settled;
  }

  /** Introduce this page. Resolves when the kernel answered, either way. */
  sayHello(): Promise<void> {
    this.#settled = this.#sayHello();
    return this.#settled;
  }

  async #sayHello(): Promise<void> {
    try {
      const hello = { kind: "hello", version: VERSION, origin: location.origin } as const;
      this.#welcome = await this.#kernel.call(hello, this.#signal);
      this.#refusal = "";
      this.#onWelcome(this.#welcome);
    } catch (error) {
      // Else disposed of before the kernel answered.
      if (error instanceof KernelError) this.#refusal = error.message;
    }
  }
}
