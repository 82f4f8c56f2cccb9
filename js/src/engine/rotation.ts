/**
 * The names of one store among which a widget shares out its parts, and those that have left: a name
 * that fails while another works is a matter of its own. Knows no file.
 */

import { delay } from "../async";
import { type Pool, poolFor, type Sender } from "../net/pool";
import { reaches } from "../net/reachability";
import type { Route } from "../protocol";
import { tuning } from "../tuning";

/** Failures in a row after which a name does not return. */
const STRIKES = 3;

export class Rotation {
  readonly #store: string;
  readonly #sender: Sender;
  readonly #changed: () => void;
  readonly #signal: AbortSignal;
  /** In the order in which they came; never empty. */
  #pools: readonly Pool[];
  readonly #strikes = new Map<Pool, number>();
  #isOver = false;
  /** What the store took parts by of late. */
  readonly #proven = new Set<Pool>();

  /** @param changed is called when there are other names than before. */
  constructor(
    store: string,
    sender: Sender,
    isRelayed: boolean,
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#store = store;
    this.#sender = sender;
    this.#changed = changed;
    this.#signal = signal;
    this.#pools = [poolFor(store, isRelayed ? "relay" : "omit")];
    for (const pool of this.#pools) pool.join(sender);
  }

  get pools(): readonly Pool[] {
    return this.#pools;
  }

  /** Whether the store answers by any name, as far as was seen. */
  get reachable(): boolean {
    return this.#pools.some(({ reachable }) => reachable);
  }

  /** Where parts should be sent; never empty. */
  get origins(): readonly string[] {
    const reachable = this.#pools.filter((pool) => pool.reachable);
    const pools = reachable.length > 0 ? reachable : this.#pools;
    return [...new Set(pools.map(({ origin }) => origin))];
  }

  /** How full the lanes to an origin are: parts on their way, to the lanes there are. */
  load(origin: string): number {
    return Math.min(...this.#of(origin).map(({ load }) => load));
  }

  /** How many lanes there are to an origin. */
  lanes(origin: string): number {
    return this.#of(origin).reduce((sum, { health }) => sum + health.lanes.count, 0);
  }

  /** The kernel knows these names; each that this page reaches takes part. */
  async offer(routes: readonly Route[]): Promise<void> {
    await Promise.all(routes.map((route) => this.#try(route)));
  }

  /** A part was stored by this way. */
  worked(pool: Pool): void {
    this.#proven.add(pool);
    this.#strikes.delete(pool);
  }

  /**
   * A part did not get through by this way.
   *
   * @returns whether it leaves the rotation: other names are good. If not, it is the store's matter.
   */
  fails(pool: Pool): boolean {
    if (pool.mode === "relay") return false;
    this.#proven.delete(pool);
    if (!this.#pools.includes(pool)) return true;
    const others = this.#pools.filter((each) => each !== pool && each.reachable);
    const isFirst = pool.origin === this.#store && pool.mode === "omit";
    const mayLeave = isFirst ? others.some((each) => this.#proven.has(each)) : others.length > 0;
    if (!mayLeave) return false;
    this.#pools = this.#pools.filter((each) => each !== pool);
    pool.leave(this.#sender);
    this.#changed();
    void this.#return(pool);
    return true;
  }

  /** The kernel does not know the names any more. */
  forget(): void {
    for (const pool of this.#pools) if (pool.origin !== this.#store) pool.leave(this.#sender);
    const first = poolFor(this.#store, "omit");
    this.#pools = [first, ...this.#pools.filter((pool) => pool !== first && this.#isOwn(pool))];
    first.join(this.#sender);
  }

  /** Nothing is sent to the store by these names any more. */
  leave(): void {
    this.#isOver = true;
    for (const pool of this.#pools) pool.leave(this.#sender);
  }

  #isOwn({ origin }: Pool): boolean {
    return origin === this.#store;
  }

  async #try({ origin, credentials }: Route): Promise<void> {
    if (origin !== this.#store && !(await reaches(origin))) return;
    this.#add(poolFor(origin, "omit"));
    if (credentials) this.#add(poolFor(origin, "include"));
  }

  async #return(pool: Pool): Promise<void> {
    const strikes = (this.#strikes.get(pool) ?? 0) + 1;
    this.#strikes.set(pool, strikes);
    if (strikes >= STRIKES) return;
    await delay(tuning.returnMs * 2 ** strikes, this.#signal).catch(() => {});
    while (!this.#isOver && !(await reaches(pool.origin))) {
      await delay(tuning.probeMs, this.#signal).catch(() => {});
    }
    this.#add(pool);
  }

  #add(pool: Pool): void {
    if (this.#isOver || this.#pools.includes(pool)) return;
    this.#pools = [...this.#pools, pool];
    pool.join(this.#sender);
    this.#changed();
  }

  #of(origin: string): readonly Pool[] {
    return this.#pools.filter((pool) => pool.origin === origin);
  }
}
