/** What moves the files of one widget: three small loops pull work from them, hash → sign → send. */

import type { Hashers } from "../hashing/workers";
import type { Kernel } from "../kernel/kernel";
import { type Outcome, type Pool, poolFor, type Sender } from "../net/pool";
import type { Upload } from "../upload/upload";
import { Diagnoses } from "./diagnosis";
import type { FileIndex } from "./file-index";
import { HashLoop } from "./hash-loop";
import { Signer } from "./signer";

/** What the loops need of the engine around them. */
export interface Rules {
  readonly kernel: Kernel;
  readonly hashers: Hashers;
  /** Parts in flight at once, over all files; read before each part. */
  readonly maxConcurrency: () => number;
  readonly bytesPerSecond: () => number;
  /** Something was done: there may be something to tell. */
  readonly changed: () => void;
}

export class Scheduler implements Sender {
  readonly #roster: FileIndex;
  readonly #rules: Rules;
  readonly #signal: AbortSignal;
  readonly #pools = new Map<string, Pool>();
  readonly #diagnoses: Diagnoses;
  readonly #hashing: HashLoop;
  readonly #signing: Signer;
  #works = false;

  constructor(roster: FileIndex, rules: Rules, signal: AbortSignal) {
    const { kernel, hashers, bytesPerSecond, changed } = rules;
    this.#roster = roster;
    this.#rules = rules;
    this.#signal = signal;
    const files = (): readonly Upload[] => roster.active;
    const hashesMore = (): boolean => this.#hashing.goesOn;
    this.#diagnoses = new Diagnoses(kernel, files, signal);
    this.#hashing = new HashLoop(hashers.lanes, files, bytesPerSecond, changed, signal);
    this.#signing = new Signer(kernel, files, hashesMore, () => this.worked(), signal);
    signal.addEventListener("abort", () => this.#stop());
  }

  get maxConcurrency(): number {
    return this.#rules.maxConcurrency();
  }

  pool(store: string): Pool {
    const pool = this.#pools.get(store) ?? poolFor(store);
    this.#pools.set(store, pool);
    pool.join(this);
    return pool;
  }

  /** Whether the store answers, as far as was seen. */
  reaches(store: string): boolean {
    return this.#pools.get(store)?.reachable ?? true;
  }

  /** Why the store does not answer; empty if nothing was found. */
  diagnosis(store: string): string {
    return this.#diagnoses.of(store);
  }

  /** The user says that the stores will answer. */
  trust(): void {
    for (const pool of this.#pools.values()) pool.trust();
  }

  /** Fill the lanes; they may be more or fewer than before. */
  fill(): void {
    for (const pool of this.#pools.values()) pool.fill();
  }

  /** Have the loops look for work. */
  ring(): void {
    this.#hashing.ring();
    this.#signing.ring();
  }

  /** Many changes in one breath are acted on once. */
  worked(): void {
    if (this.#works) return;
    this.#works = true;
    queueMicrotask(() => {
      this.#works = false;
      if (this.#signal.aborted) return;
      this.#startQueued();
      this.ring();
      this.fill();
      this.#rules.changed();
    });
  }

  send(): Promise<Outcome> | undefined {
    for (const upload of this.#roster.active) {
      const sending = upload.send();
      if (sending !== undefined) return sending;
    }
    return undefined;
  }

  reachabilityChanged(): void {
    const unreachable = this.#roster.active.find(
      ({ active }) => active && !this.pool(active.plan.store).reachable,
    );
    const looked = unreachable && this.#diagnoses.look(unreachable);
    void looked?.then(this.#rules.changed);
    this.worked();
  }

  wake(): void {
    for (const upload of this.#roster.active) upload.wake();
  }

  /** Start files while the ones that are under way would soon leave a lane empty. */
  #startQueued(): void {
    const wanted = 2 * this.maxConcurrency;
    let ahead = this.#roster.active.reduce((sum, upload) => sum + unsent(upload), 0);
    while (ahead < wanted) {
      const upload = this.#roster.nextQueued();
      if (upload === undefined) return;
      void upload.start();
      ahead += unsent(upload);
    }
  }

  #stop(): void {
    for (const pool of this.#pools.values()) pool.leave(this);
    this.ring();
  }
}

/** How much of the file waits to be sent, in parts of full size. */
function unsent({ comparison, state }: Upload): number {
  if (!("work" in state)) return 0;
  const { unsent, weight } = state.work.parts;
  // Most that are compared have nothing to send: the wire is for those after them.
  return (comparison === undefined ? unsent : 1) * weight;
}
