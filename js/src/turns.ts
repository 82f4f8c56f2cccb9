/** At most so many at a time; the others wait in line. */

export class Turns {
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
