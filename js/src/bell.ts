/** A loop that found nothing to do waits for the bell. */

export class Bell {
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
