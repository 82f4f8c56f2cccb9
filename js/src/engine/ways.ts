/** Which way parts go to a store: from the page, or through the kernel. Decides nothing else. */

import type { Transport } from "../protocol";
import type { Diagnosis } from "./diagnosis";

/** A store that parts go to through the kernel. */
export interface Detour {
  readonly store: string;
  /** What keeps the page from it, for people; empty where the user decided. */
  readonly why: string;
}

export class Ways {
  readonly #stores: () => readonly string[];
  readonly #works: () => Promise<boolean>;
  readonly #changed: (store: string) => void;
  readonly #detours = new Map<string, Detour>();
  /** As the kernel last said; no file has a plan before it did. */
  #transport: Transport = "direct";

  /**
   * @param stores that parts go to.
   * @param works tells whether the kernel can be sent bytes at all.
   * @param changed is called with a store that parts go to another way from now on.
   */
  constructor(
    stores: () => readonly string[],
    works: () => Promise<boolean>,
    changed: (store: string) => void,
  ) {
    this.#stores = stores;
    this.#works = works;
    this.#changed = changed;
  }

  /** The user chose so, and may choose otherwise when the cell runs again. */
  choose(transport: Transport): void {
    const stores = this.#stores();
    const relayed = stores.filter((store) => this.isRelayed(store));
    this.#transport = transport;
    if (transport === "direct") this.#detours.clear();
    for (const store of stores)
      if (this.isRelayed(store) !== relayed.includes(store)) this.#changed(store);
  }

  /** The stores that are not sent to directly, though the widget was not told so. */
  get detours(): readonly Detour[] {
    return [...this.#detours.values()];
  }

  isRelayed(store: string): boolean {
    return this.#transport === "relay" || this.#detours.has(store);
  }

  /** Whether the user may choose to send through the kernel. */
  mayRelay(store: string): boolean {
    return this.#transport === "auto" && !this.#detours.has(store);
  }

  /** Send through the kernel from now on. */
  relay(store: string, why = ""): void {
    this.#detours.set(store, { store, why });
    this.#changed(store);
  }

  /** Send from the page again. */
  direct(store: string): void {
    if (this.#detours.delete(store)) this.#changed(store);
  }

  /** Send through the kernel where that is sure to help; whether it is done so now. */
  async cures(store: string, { message, relay }: Diagnosis): Promise<boolean> {
    if (relay !== "cures") return false;
    if (this.isRelayed(store)) return true;
    if (this.#transport !== "auto" || !(await this.#works())) return false;
    if (this.mayRelay(store)) this.relay(store, message);
    return true;
  }
}
