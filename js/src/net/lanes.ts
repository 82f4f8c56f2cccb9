/** How many parts one pool of connections gets at once, as far as the store shows. Knows no part. */

import { CONNECTIONS, MOST } from "./line";

/** How often it is tried whether one more request moves beside those on six connections. */
const TRIES = 3;

export class Lanes {
  readonly #onMore: () => void;
  #most = CONNECTIONS;
  #count = CONNECTIONS;
  #triesLeft: number;

  /**
   * @param mayShare whether one connection may carry several requests, as HTTP/2's do.
   * @param onMore is called when there are more lanes than a moment ago.
   */
  constructor(mayShare = false, onMore: () => void = () => {}) {
    this.#triesLeft = mayShare ? TRIES : 0;
    this.#onMore = onMore;
  }

  /** The seventh of six tells whether requests share a connection: it moves at once, or waits. */
  get count(): number {
    const isTried = this.#triesLeft > 0 && this.#count === CONNECTIONS;
    return Math.floor(this.#count) + (isTried ? 1 : 0);
  }

  /** The store cannot keep up. */
  halve(): void {
    this.#count = Math.max(1, this.#count / 2);
  }

  /** It took a part. */
  widen(): void {
    this.#count = Math.min(this.#most, this.#count + 1 / this.#count);
  }

  /** A request moved beside six others that are older: all of them share a connection. */
  shared(): void {
    if (this.#most === MOST) return;
    this.#triesLeft = 0;
    this.#most = MOST;
    this.#count = MOST;
    this.#onMore();
  }

  /** One of six ended before the seventh moved. */
  waited(): void {
    this.#triesLeft = Math.max(0, this.#triesLeft - 1);
  }
}
