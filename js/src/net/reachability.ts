/** Whether this page reaches a store at all, before anything is sent there. */

import { delay } from "../async";
import { tuning } from "../tuning";

/**
 * Try an address, `scheme://host`. Any answer will do, readable or not: what S3 says to a stranger
 * is mostly 403.
 *
 * @param credentials Parts go without. Requests with them have connections of their own, which do
 *   not wait for what an outage left of the others.
 */
export async function reaches(
  address: string,
  credentials: "omit" | "include" = "omit",
): Promise<boolean> {
  try {
    // Of an origin itself, AWS answers with a redirect to its web site, which may be out of reach.
    await fetch(`${address}/favicon.ico`, {
      method: "HEAD",
      mode: "no-cors",
      cache: "no-store",
      credentials,
      referrerPolicy: "no-referrer",
      signal: AbortSignal.timeout(tuning.reachMs),
    });
    return true;
  } catch {
    return false;
  }
}

/** The store that a view shows as out of reach, for as long as it is. */
export class Reachability {
  readonly #changed: () => void;
  readonly #signal: AbortSignal;
  #watched = "";
  #unreached = "";

  constructor(changed: () => void, signal: AbortSignal) {
    this.#changed = changed;
    this.#signal = signal;
  }

  /** The address that this page does not reach; empty where it does, or where nobody has tried. */
  get unreached(): string {
    return this.#unreached;
  }

  /** Try an address once, and now and then until it is reached; a known one is left alone. */
  async watch(address: string): Promise<void> {
    if (address === this.#watched) return;
    this.#watched = address;
    this.#set("");
    while (!(await reaches(address))) {
      if (this.#watched !== address || this.#signal.aborted) return;
      this.#set(address);
      await delay(tuning.probeMs, this.#signal).catch(() => {});
    }
    if (this.#watched === address) this.#set("");
  }

  #set(unreached: string): void {
    if (this.#unreached === unreached) return;
    this.#unreached = unreached;
    this.#changed();
  }
}
