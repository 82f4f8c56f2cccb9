/** Moves the files of one widget: starts them, and has the loops hash, sign and send. */

import { type Outcome, type Pool, poolFor, type Sender } from "../net/pool";
import type { Rate } from "../net/rate";
import type { Engine, Upload } from "../upload/upload";
import { Diagnoses } from "./diagnosis";
import type { FileIndex } from "./file-index";
import { HashLoop } from "./hash-loop";
import { Signer } from "./signer";

export class Scheduler implements Sender {
  readonly #fileIndex: FileIndex;
  readonly #engine: Engine;
  readonly #maxConcurrency: () => number;
  readonly #signal: AbortSignal;
  readonly #pools = new Map<string, Pool>();
  readonly #diagnoses: Diagnoses;
  readonly #hashLoop: HashLoop;
  readonly #signer: Signer;
  #isScheduled = false;

  /**
   * @param rate at which all files together move.
   * @param maxConcurrency gives how many parts may be in flight, over all files; read before each.
   */
  constructor(
    fileIndex: FileIndex,
    engine: Engine,
    rate: Rate,
    maxConcurrency: () => number,
    signal: AbortSignal,
  ) {
    const { kernel, hashers } = engine;
    const uploads = (): readonly Upload[] => fileIndex.active;
    const hashesMore = (): boolean => this.#hashLoop.hasMore;
    this.#fileIndex = fileIndex;
    this.#engine = engine;
    this.#maxConcurrency = maxConcurrency;
    this.#signal = signal;
    this.#diagnoses = new Diagnoses(kernel, uploads, signal);
    this.#hashLoop = new HashLoop(hashers.lanes, uploads, rate, () => engine.progressed(), signal);
    this.#signer = new Signer(kernel, uploads, hashesMore, () => this.schedule(), signal);
    signal.addEventListener("abort", () => this.#stop());
  }

  get maxConcurrency(): number {
    return this.#maxConcurrency();
  }

  /** The lanes to a store, for as long as this widget lives. */
  pool(store: string): Pool {
    const pool = this.#pools.get(store) ?? poolFor(store);
    this.#pools.set(store, pool);
    pool.join(this);
    return pool;
  }

  /** Whether the store answers, as far as was seen. */
  isReachable(store: string): boolean {
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

  /** Have the loops that hash and sign look for work. */
  wake(): void {
    this.#hashLoop.wake();
    this.#signer.wake();
  }

  /** Have everything look for work: of many calls in one breath, once. */
  schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      if (this.#signal.aborted) return;
      this.#startQueued();
      this.wake();
      this.fill();
      this.#engine.progressed();
    });
  }

  sendNext(): Promise<Outcome> | undefined {
    for (const upload of this.#fileIndex.active) {
      const sending = upload.sendNext();
      if (sending !== undefined) return sending;
    }
    return undefined;
  }

  reachabilityChanged(): void {
    const unreachable = this.#fileIndex.active.find(
      ({ active }) => active && !this.pool(active.plan.store).reachable,
    );
    const diagnosed = unreachable && this.#diagnoses.diagnose(unreachable);
    void diagnosed?.then(() => this.#engine.progressed());
    this.schedule();
  }

  endRests(): void {
    for (const upload of this.#fileIndex.active) upload.endRests();
  }

  /** Start files while the ones that are under way would soon leave a lane empty. */
  #startQueued(): void {
    const wanted = 2 * this.maxConcurrency;
    let ahead = this.#fileIndex.active.reduce((sum, upload) => sum + unsent(upload), 0);
    while (ahead < wanted) {
      const upload = this.#fileIndex.nextQueued();
      if (upload === undefined) return;
      void upload.start();
      ahead += unsent(upload);
    }
  }

  #stop(): void {
    for (const pool of this.#pools.values()) pool.leave(this);
    this.wake();
  }
}

/** How much of the file waits to be sent, in parts of full size. */
function unsent({ comparison, state }: Upload): number {
  if (!("work" in state)) return 0;
  const { unsent, weight } = state.work.parts;
  // Most that are compared have nothing to send: the wire is for those after them.
  return (comparison === undefined ? unsent : 1) * weight;
}
