/** At most so many at a time; the others wait in line. */

export class Turns {
  readonly #limit: number;
  readonly #line: (() => void)[] = [];
  #taken = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Run `job` when it is its turn; rejects with the signal's reason if that aborts first. */
  async run<T>(job: () => Promise<T>, signal: AbortSignal): Promise<T> {
    if (this.#taken >= this.#limit) await new Promise<void>((resolve) => this.#line.push(resolve));
    else this.#taken += 1;
    try {
      signal.throwIfAborted();
      return await job();
    } finally {
      const next = this.#line.shift();
      if (next === undefined) this.#taken -= 1;
      else next();
    }
  }
}
