/** Waiting: for a time, for a ring, for a turn, for the clock. Knows nothing of uploads. */

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
  #ring: () => void = () => {};
  #rung = new Promise<void>((resolve) => {
    this.#ring = resolve;
  });

  /** Wake whoever waits. */
  ring(): void {
    this.#ring();
    this.#rung = new Promise((resolve) => {
      this.#ring = resolve;
    });
  }

  /** Resolves with the next ring after this call. */
  wait(): Promise<void> {
    return this.#rung;
  }
}

/** At most so many at a time; the others wait in line. */
export class Limiter {
  readonly #limit: number;
  readonly #line = new Set<() => void>();
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
        this.#line.delete(begin);
        reject(signal.reason);
      };
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        resolve();
      };
      this.#line.add(begin);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  #next(): void {
    const [begin] = this.#line;
    if (begin === undefined) this.#taken -= 1;
    else {
      this.#line.delete(begin);
      begin();
    }
  }
}

/** A clock that runs only while there is something to tell: most widgets just stand there. */
/** Numbers are sampled and shown so often. */
const TICK_MS = 500;

export class Ticker {
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
