/** How often in a row each part failed. Any part that gets through clears them all. */

export class Tries {
  readonly #refused = new Map<number, number>();
  readonly #lost = new Map<number, number>();

  /** S3 said no to the part; returns how often by now. */
  refused(number: number): number {
    return count(this.#refused, number);
  }

  /** The part got no answer; returns how often by now. */
  lost(number: number): number {
    return count(this.#lost, number);
  }

  reset(): void {
    this.#refused.clear();
    this.#lost.clear();
  }
}

function count(of: Map<number, number>, number: number): number {
  const times = (of.get(number) ?? 0) + 1;
  of.set(number, times);
  return times;
}
