/** Moves the files of one widget: starts them, and has the loops hash, sign and send. */

import { CONNECTIONS, lineTo } from "../net/line";
import type { Outcome, Pool, Sender } from "../net/pool";
import type { Rate } from "../net/rate";
import { tuning } from "../tuning";
import type { Sign } from "../upload/states";
import type { Engine, Upload } from "../upload/upload";
import { type Consequences, Diagnoses, type Diagnosis } from "./diagnosis";
import type { FileIndex } from "./file-index";
import { HashLoop } from "./hash-loop";
import { Names } from "./names";
import { Signer } from "./signer";
import type { Ways } from "./ways";

const ANSWERED = new Set<Outcome>(["stored", "answered", "slow down"]);

export class Scheduler implements Sender {
  readonly #fileIndex: FileIndex;
  readonly #engine: Engine;
  readonly #ways: Ways;
  readonly #maxConcurrency: () => number;
  readonly #signal: AbortSignal;
  readonly #names: Names;
  readonly #diagnoses: Diagnoses;
  readonly #hashLoop: HashLoop;
  readonly #signer: Signer;
  /** Parts on their way, by store. */
  readonly #inFlight = new Map<string, number>();
  #isScheduled = false;

  /**
   * @param rate at which all files together move.
   * @param maxConcurrency gives how many parts may be in flight, over all files; read before each.
   */
  constructor(
    fileIndex: FileIndex,
    engine: Engine,
    ways: Ways,
    rate: Rate,
    maxConcurrency: () => number,
    signal: AbortSignal,
  ) {
    const { kernel, hashers } = engine;
    const uploads = (): readonly Upload[] => fileIndex.active;
    const hashesMore = (): boolean => this.#hashLoop.hasMore;
    const isRelayed = (store: string): boolean => ways.isRelayed(store);
    const onSigned = (): void => this.schedule();
    this.#fileIndex = fileIndex;
    this.#engine = engine;
    this.#ways = ways;
    this.#maxConcurrency = maxConcurrency;
    this.#signal = signal;
    this.#diagnoses = new Diagnoses(kernel, uploads, this.#consequences(), signal);
    const changed = (): void => engine.progressed();
    const least = (): number => (tuning.windowMin * this.#lanes) / CONNECTIONS;
    this.#hashLoop = new HashLoop(hashers.lanes, uploads, rate, least, changed, signal);
    this.#names = new Names(kernel, this, uploads, isRelayed, onSigned, signal);
    this.#signer = new Signer(
      kernel,
      uploads,
      this.#names,
      isRelayed,
      hashesMore,
      onSigned,
      signal,
    );
    signal.addEventListener("abort", () => this.#stop());
  }

  /** Where parts go. */
  get stores(): readonly string[] {
    return this.#names.stores;
  }

  /** Parts of a file may be sent to its store from now on. */
  opened(upload: Upload, store: string): void {
    this.#names.open(upload, store);
  }

  /** Parts go to a store another way from now on. */
  wayChanged(store: string): void {
    this.#names.leave(store);
    for (const { state } of this.#fileIndex.all) {
      if ("work" in state && state.work.plan.store === store) state.work.parts.unsignAll();
    }
    this.#diagnoses.wayChanged(store);
    this.#names.of(store);
    this.endRests();
    this.schedule();
  }

  /** The kernel knows beforehand what keeps the page from a store. */
  decide(store: string, found: Diagnosis): Promise<void> {
    return this.#diagnoses.decide(store, found);
  }

  /** Whether the store answers, as far as was seen. */
  isReachable(store: string): boolean {
    return this.#names.reachable(store);
  }

  /** Why the store does not answer, for people; empty if nothing was found. */
  diagnosis(store: string): string {
    return this.#diagnoses.of(store)?.message ?? "";
  }

  /** Whether the kernel may get through to a store that does not answer the page. */
  relayMayHelp(store: string): boolean {
    const found = this.#diagnoses.of(store);
    return !this.isReachable(store) && found !== undefined && found.relay !== "useless";
  }

  /** The user says that the stores will answer. */
  trust(): void {
    for (const pool of this.#names.pools) pool.trust();
  }

  /** The store answers: it has a part whose answer was lost. */
  trustStore(store: string): void {
    for (const pool of this.#names.of(store).pools) pool.trust();
  }

  /** Fill the lanes; they may be more or fewer than before. */
  fill(): void {
    for (const pool of this.#names.pools) pool.fill();
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

  sendNext(pool: Pool): Promise<Outcome> | undefined {
    if (this.#sending >= this.#maxConcurrency()) return undefined;
    for (const upload of this.#inTurn()) {
      const store = upload.active?.plan.store ?? "";
      const isHeld = (this.#inFlight.get(store) ?? 0) >= this.#diagnoses.lanes(store);
      if (isHeld || !lineTo(store).hasRoom || !this.#names.of(store).pools.includes(pool)) continue;
      const sending = upload.sendNext(pool);
      if (sending !== undefined) return this.#watched(upload, store, pool, sending);
    }
    return undefined;
  }

  /** A part met something in the store's place. */
  suspect(upload: Upload, sign: Sign): void {
    if (this.#isRelayed(upload)) {
      this.#diagnoses.noteOfKernel(upload, sign);
      return;
    }
    this.#diagnoses.note(upload, sign);
    void this.#diagnoses.suspect(upload, sign.kind !== "silence");
  }

  /** A part was lost before a byte of it left this page. */
  unheard(upload: Upload): void {
    if (this.#isRelayed(upload)) return;
    void this.#diagnoses.unheard(upload).then(() => this.schedule());
  }

  /** Whether parts go another way than from the page, once running looks for a reason are over. */
  async detoured(upload: Upload): Promise<boolean> {
    await this.#diagnoses.found(upload);
    return this.#isRelayed(upload);
  }

  #isRelayed({ active }: Upload): boolean {
    return active !== undefined && this.#ways.isRelayed(active.plan.store);
  }

  /** A part did not get through: whether that is a matter of the name, as others are good. */
  fails(upload: Upload, pool: Pool): boolean {
    return upload.active !== undefined && this.#names.of(upload.active.plan.store).fails(pool);
  }

  reachabilityChanged(): void {
    this.#names.unsignLost();
    // What hinders the kernel, no look at the page's way would find.
    const unreachable = this.#fileIndex.active.find(
      (upload) =>
        upload.active && !this.isReachable(upload.active.plan.store) && !this.#isRelayed(upload),
    );
    const diagnosed = unreachable && this.#diagnoses.diagnose(unreachable);
    void diagnosed?.then(() => this.#engine.progressed());
    this.schedule();
  }

  endRests(): void {
    for (const upload of this.#fileIndex.active) upload.endRests();
  }

  /** Of a store that answers some files, it may be others that nothing is heard of. */
  #inTurn(): readonly Upload[] {
    const { active } = this.#fileIndex;
    const silent = active.filter((upload) => this.#diagnoses.isSilent(upload));
    if (silent.length === 0) return active;
    return [...active.filter((upload) => !this.#diagnoses.isSilent(upload)), ...silent];
  }

  get #sending(): number {
    return [...this.#inFlight.values()].reduce((sum, count) => sum + count, 0);
  }

  async #watched(
    upload: Upload,
    store: string,
    pool: Pool,
    sending: Promise<Outcome>,
  ): Promise<Outcome> {
    this.#inFlight.set(store, (this.#inFlight.get(store) ?? 0) + 1);
    const outcome = await sending;
    this.#inFlight.set(store, (this.#inFlight.get(store) ?? 1) - 1);
    if (outcome === "stored") this.#names.worked(store, pool);
    if (outcome === "slow down" || outcome === "stalled") lineTo(store).back();
    if (ANSWERED.has(outcome)) this.#diagnoses.answered(upload, store, outcome === "stored");
    return outcome;
  }

  #consequences(): Consequences {
    return {
      doubt: (store) => {
        for (const { health } of this.#names.of(store).pools) void health.ask();
      },
      trust: (store) => {
        this.trustStore(store);
        this.endRests();
        this.schedule();
      },
      schedule: () => this.schedule(),
      cures: (store, found) => this.#ways.cures(store, found),
    };
  }

  /** How many parts may be on their way. */
  get #lanes(): number {
    return Math.min(this.#maxConcurrency(), this.#names.lanes);
  }

  /** Start files while the ones that are under way would soon leave a lane empty. */
  #startQueued(): void {
    const wanted = 2 * this.#lanes;
    let ahead = this.#fileIndex.active.reduce((sum, upload) => sum + unsent(upload), 0);
    while (ahead < wanted) {
      const upload = this.#fileIndex.nextQueued();
      if (upload === undefined) return;
      // Only where nothing else keeps the hashers busy: the other files are hashed in their turn.
      void upload.start(ahead === 0);
      ahead += unsent(upload);
    }
  }

  #stop(): void {
    this.#names.end();
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
