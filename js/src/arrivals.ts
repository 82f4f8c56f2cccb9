/** Picked files on their way into the list: ten thousand at once would hold the page up. */

import type { Picked } from "./picking";
import type { Upload } from "./upload";

/** Files that are taken in at once: a few milliseconds. */
const SLICE = 500;

export class Arrivals {
  readonly #take: (picked: readonly Picked[]) => readonly Upload[];
  readonly #done: (arrived: readonly Upload[]) => void;
  #coming: readonly Picked[] = [];
  #arrived: Upload[] = [];

  /**
   * @param take puts files into the list, and tells which are new there.
   * @param done is told of all that are new, once the last file of a pick was taken.
   */
  constructor(
    take: (picked: readonly Picked[]) => readonly Upload[],
    done: (arrived: readonly Upload[]) => void,
  ) {
    this.#take = take;
    this.#done = done;
  }

  /** Take the first files now, and the others when the page has had time for other things. */
  async begin(picked: readonly Picked[]): Promise<void> {
    this.finish();
    this.#coming = picked;
    this.#some(SLICE);
    while (this.#coming.length > 0) {
      await breath();
      this.#some(SLICE);
    }
  }

  /** Whoever gives an order, or picks again, means all files: the others are taken now. */
  finish(): void {
    this.#some(this.#coming.length);
  }

  #some(count: number): void {
    if (this.#coming.length === 0) return;
    const some = this.#coming.slice(0, count);
    this.#coming = this.#coming.slice(count);
    this.#arrived.push(...this.#take(some));
    if (this.#coming.length > 0) return;
    const arrived = this.#arrived;
    this.#arrived = [];
    this.#done(arrived);
  }
}

/** Let the page paint, and hear the user. No timer: those of a hidden page come once a second. */
function breath(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
