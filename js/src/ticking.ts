/** A clock that runs only while there is something to tell: most widgets just stand there. */

/** Numbers are sampled and shown so often. */
const TICK_MS = 500;

export class Ticking {
  readonly #step: () => boolean;
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param step is taken at each tick, and tells whether the clock goes on.
   * @param signal stops it for good.
   */
  constructor(step: () => boolean, signal: AbortSignal) {
    this.#step = step;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#stop());
  }

  /** Run, if it does not already. */
  start(): void {
    if (this.#signal.aborted) return;
    this.#timer ??= setInterval(() => this.#step() || this.#stop(), TICK_MS);
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
