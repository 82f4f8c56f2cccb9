/** Waiting: for a time, a notification, a turn or the clock. Knows nothing of uploads. */

/** Resolves after `ms`; rejects with the signal's reason if that comes first. */
export function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

export class Notify {
  #resolve: () => void = () => {};
  #next = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });

  /** Wake all that wait. */
  notify(): void {
    this.#resolve();
    this.#next = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Resolves with the next notification after this call. */
  wait(): Promise<void> {
    return this.#next;
  }
}

/** At most so many at a time; the others wait in line. */
export class Limiter {
  readonly #limit: number;
  readonly #queue = new Set<() => void>();
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Run `job` when it is its turn; rejects with the signal's reason if that aborts first. */
  async run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#taken >= this.#limit) await this.#turn(signal);
    else this.#taken += 1;
    try {
      signal.throwIfAborted();
      return await job();
    } finally {
      this.#next();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const leave = (): void => {
        this.#queue.delete(start);
        reject(signal.reason);
      };
      const start = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      this.#queue.add(start);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #next(): void {
    const [start] = this.#queue;
    if (start === undefined) this.#taken -= 1;
    else {
      this.#queue.delete(start);
      start();
    }
  }
}

/** Numbers are sampled and shown so often. */
const TICK_MS = 500;

/** A clock that runs only while there is something to show: most widgets are idle. */
export class Ticker {
  readonly #step: () => boolean;
  readonly #signal: AbortSignal;
  #timer: ReturnType<typeof setInterval> | undefined;

  /**
   * @param step is called at each tick, and returns whether the clock runs on.
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
