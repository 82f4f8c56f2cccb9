/** While files are under way: the page asks before it is left, and the screen stays on. */

export class PageGuard {
  readonly #wakeLock = new WakeLock();

  /**
   * @param unsent whether leaving the page would lose something. Only then does it ask: the
   * listener keeps a page out of the back cache.
   * @param working whether the machine has to stay awake.
   */
  update(unsent: boolean, working: boolean): void {
    if (unsent) window.addEventListener("beforeunload", this.#ask);
    else window.removeEventListener("beforeunload", this.#ask);
    this.#wakeLock.want(working);
  }

  readonly #ask = (event: BeforeUnloadEvent): void => event.preventDefault();
}

/** Keeps the screen on, where the browser can and the page may. */
class WakeLock {
  #wanted = false;
  #lock: Promise<WakeLockSentinel | undefined> = Promise.resolve(undefined);

  want(wanted: boolean): void {
    if (wanted === this.#wanted) return;
    this.#wanted = wanted;
    if (wanted) document.addEventListener("visibilitychange", this.#hold);
    else document.removeEventListener("visibilitychange", this.#hold);
    if (wanted) this.#hold();
    else void this.#release();
  }

  /** The browser drops the lock whenever the page is hidden. */
  readonly #hold = (): void => {
    if (document.visibilityState !== "visible") return;
    void this.#release();
    // Refused where the battery is low, or a frame may not: the upload does not depend on it.
    this.#lock = Promise.resolve(navigator.wakeLock?.request("screen")).catch(() => undefined);
  };

  async #release(): Promise<void> {
    const lock = await this.#lock;
    await lock?.release();
  }
}
