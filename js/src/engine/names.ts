/**
 * By which of its names a store gets each part. The kernel knows the names; which of them work, shows
 * as parts are sent. Sends none itself.
 */

import type { Kernel } from "../kernel/kernel";
import { CONNECTIONS, lineTo } from "../net/line";
import type { Pool, Sender } from "../net/pool";
import type { Upload } from "../upload/upload";
import { Rotation } from "./rotation";

export class Names {
  readonly #kernel: Kernel;
  readonly #sender: Sender;
  readonly #uploads: () => readonly Upload[];
  readonly #isRelayed: (store: string) => boolean;
  readonly #changed: () => void;
  readonly #signal: AbortSignal;
  readonly #rotations = new Map<string, Rotation>();
  /** How to stop listening to the line to each store. */
  readonly #unsubscribe = new Map<string, () => void>();
  /** The stores whose names the kernel was asked for. */
  readonly #asked = new Set<string>();

  /**
   * @param uploads the files that are uploading.
   * @param isRelayed whether parts go to a store through the kernel.
   * @param changed is called when parts may go where they did not before.
   */
  constructor(
    kernel: Kernel,
    sender: Sender,
    uploads: () => readonly Upload[],
    isRelayed: (store: string) => boolean,
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#sender = sender;
    this.#uploads = uploads;
    this.#isRelayed = isRelayed;
    this.#changed = changed;
    this.#signal = signal;
  }

  get stores(): readonly string[] {
    return [...this.#rotations.keys()];
  }

  get pools(): readonly Pool[] {
    return [...this.#rotations.values()].flatMap(({ pools }) => pools);
  }

  /** How many parts may be on their way, over all stores. */
  get lanes(): number {
    const limits = this.stores.map((store) => lineTo(store).limit);
    return Math.max(CONNECTIONS, ...limits);
  }

  /** The names of a store, for as long as this widget lives. */
  of(store: string): Rotation {
    const known = this.#rotations.get(store);
    if (known !== undefined) return known;
    const changed = (): void => this.#namesChanged();
    const isRelayed = this.#isRelayed(store);
    const rotation = new Rotation(store, this.#sender, isRelayed, changed, this.#signal);
    this.#rotations.set(store, rotation);
    this.#unsubscribe.set(store, lineTo(store).subscribe(this.#changed));
    return rotation;
  }

  reachable(store: string): boolean {
    return this.#rotations.get(store)?.reachable ?? true;
  }

  /** The store took a part. */
  worked(store: string, pool: Pool): void {
    this.#rotations.get(store)?.worked(pool);
  }

  /** Parts of a file may be sent from now on: learn the names of its store once. */
  open(upload: Upload, store: string): void {
    const rotation = this.of(store);
    if (this.#asked.has(store) || this.#isRelayed(store)) return;
    this.#asked.add(store);
    void this.#learn(upload, store, rotation);
  }

  /** Parts go to a store another way from now on. */
  leave(store: string): void {
    this.#rotations.get(store)?.leave();
    this.#rotations.delete(store);
    this.#unsubscribe.get(store)?.();
    this.#asked.delete(store);
  }

  end(): void {
    for (const store of this.stores) this.leave(store);
  }

  /**
   * Where to send parts that are signed next, each to the name that has least to do.
   *
   * @param stores of the parts, in their order.
   */
  shareOut(stores: readonly string[]): readonly string[] {
    const given = new Map<string, number>();
    const give = (origin: string, times: number): void => {
      given.set(origin, (given.get(origin) ?? 0) + times);
    };
    for (const { active } of this.#uploads()) {
      for (const [, { origin }] of active?.parts.waiting() ?? []) give(origin, 1);
    }
    return stores.map((store) => {
      const rotation = this.of(store);
      const work = (origin: string): number =>
        rotation.load(origin) + (given.get(origin) ?? 0) / rotation.lanes(origin);
      const least = rotation.origins.reduce((one, other) =>
        work(other) < work(one) ? other : one,
      );
      give(least, 1);
      return least;
    });
  }

  /** Whether a part that is signed for a name can be sent there. */
  isKnown(store: string, origin: string): boolean {
    return this.of(store).pools.some((pool) => pool.origin === origin);
  }

  /** The kernel signed for another name than it was asked to: it has others than it had. */
  forget(store: string): void {
    this.of(store).forget();
    this.#asked.delete(store);
    this.#namesChanged();
  }

  /** Parts that wait for a name which does not answer are signed for one that does. */
  unsignLost(): void {
    for (const { active } of this.#uploads()) {
      if (active === undefined || !this.reachable(active.plan.store)) continue;
      const { origins } = this.of(active.plan.store);
      active.parts.unsignAll(({ origin }) => !origins.includes(origin));
    }
  }

  #namesChanged(): void {
    this.unsignLost();
    this.#changed();
  }

  /** Parts that were signed for the first name, and still wait, are shared out among all names. */
  #shareAgain(store: string): void {
    for (const { active } of this.#uploads()) {
      if (active?.plan.store === store && active.parts.total > 1) active.parts.unsignAll();
    }
    this.#changed();
  }

  async #learn(upload: Upload, store: string, rotation: Rotation): Promise<void> {
    const request = { kind: "find_routes", file_id: upload.id, origin: location.origin } as const;
    try {
      const { routes } = await this.#kernel.call(request, this.#signal);
      await rotation.offer(routes);
      if (rotation.origins.length > 1) this.#shareAgain(store);
    } catch {
      // One name is always enough; the next file asks again.
      this.#asked.delete(store);
    }
  }
}
