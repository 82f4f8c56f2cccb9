/** While files are under way: the page asks before it is left, and the screen stays on. */

import type { Upload } from "./upload/upload";

type Name = Upload["state"]["name"];

/** What is watched: an engine. */
export interface Watched {
  /** Whether any file is in one of these states. */
  anyIs(names: readonly Name[]): boolean;
  subscribe(listener: () => void): () => void;
}

/** Bytes that only this page has are still to be sent. */
const LOSES: readonly Name[] = ["picked", "queued", "checking", "uploading"];

/** A machine that falls asleep would stop these. */
const WORKS: readonly Name[] = ["checking", "uploading", "completing"];

/**
 * Watch an engine.
 *
 * @param end when it is disposed of: nothing is under way then, whatever its files say.
 */
export function guardPage(engine: Watched, end: AbortSignal): void {
  const awake = new WakeLock();
  const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
  const watch = (): void => {
    const any = (names: readonly Name[]): boolean => !end.aborted && engine.anyIs(names);
    // Only while there is something to lose: the listener keeps a page out of the back cache.
    if (any(LOSES)) window.addEventListener("beforeunload", ask);
    else window.removeEventListener("beforeunload", ask);
    awake.want(any(WORKS));
  };
  engine.subscribe(watch);
  end.addEventListener("abort", watch);
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

  /** The browser lets go of it whenever the page is hidden. */
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
