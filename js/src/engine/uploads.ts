/**
 * The engine of one widget: all its files, the orders to them, and the loops that upload them.
 * Knows no view and no Jupyter.
 */

import { Ticker } from "../async";
import { createHashers, type Hashers } from "../hashing/workers";
import { Completions } from "../kernel/completions";
import { Handshake } from "../kernel/handshake";
import { type Channel, Kernel } from "../kernel/kernel";
import { PartRelay } from "../kernel/relay";
import type { Pool } from "../net/pool";
import { Rate } from "../net/rate";
import { Reachability } from "../net/reachability";
import type { Picked } from "../pick/drop";
import {
  type EventEnvelope,
  type FileProgress,
  MAX_PICK,
  type Order,
  type Summary,
  type Welcome,
} from "../protocol";
import { type Offer, Offers } from "../resume/offers";
import { isWithoutPlan, type Sign } from "../upload/states";
import type { Engine, Upload } from "../upload/upload";
import type { UploadAddress } from "../upload/work";
import { FileIndex } from "./file-index";
import { Intake } from "./intake";
import { Planner } from "./planner";
import { fileProgress, waitingFor } from "./progress";
import { Reporter } from "./reporter";
import { Scheduler } from "./scheduler";
import { Totals } from "./totals";
import { Ways } from "./ways";

export interface Options {
  readonly channel: Channel;
  /** Parts in flight at once, over all files; read before each part. */
  readonly maxConcurrency: () => number;
  /** The engines of the page, this one among them once it is registered. */
  readonly engines: () => readonly Uploads[];
}

const UNSENT = ["picked", "queued", "checking", "uploading"] as const;
const WORKING = ["checking", "uploading", "completing"] as const;

export class Uploads implements Engine {
  readonly kernel: Kernel;
  readonly relay: PartRelay;
  readonly ways: Ways;
  readonly hashers: Hashers = createHashers();
  readonly rate = new Rate();
  readonly offers: Offers;
  readonly completions: Completions;
  readonly reachability: Reachability;
  #options: Options;
  readonly #end = new AbortController();
  readonly #reporter: Reporter;
  readonly #planner: Planner;
  readonly #scheduler: Scheduler;
  readonly #listeners = new Set<() => void>();
  readonly #fileIndex = new FileIndex();
  readonly #totals = new Totals(
    (upload) => this.progressOf(upload),
    (id, progress) => this.#reporter.add(id, progress),
    this.rate,
  );
  readonly #intake: Intake;
  readonly #handshake: Handshake;
  readonly #ticker: Ticker;
  /** Whether the listeners will be called soon. */
  #isNotifying = false;

  constructor(options: Options) {
    const { signal } = this.#end;
    const changed = (): void => this.progressed();
    const maxConcurrency = (): number => this.#options.maxConcurrency();
    this.#options = options;
    this.kernel = new Kernel(options.channel, (event) => this.#hear(event));
    this.relay = new PartRelay(this.kernel, signal);
    this.ways = new Ways(
      () => this.#scheduler.stores,
      () => this.relay.works(),
      (store) => this.#scheduler.wayChanged(store),
    );
    this.#reporter = new Reporter(
      this.kernel,
      this.#totals,
      (order) => this.#carryOut(order),
      (ids) => this.#takenOver(ids),
      signal,
    );
    const files = this.#fileIndex;
    this.#scheduler = new Scheduler(files, this, this.ways, this.rate, maxConcurrency, signal);
    this.#planner = new Planner(
      this.kernel,
      changed,
      (store, found) => this.#scheduler.decide(store, found),
      signal,
    );
    const unsent = (): number => this.#fileIndex.count(UNSENT);
    this.completions = new Completions(this.kernel, unsent, signal);
    this.offers = new Offers(this.kernel, () => this.#taken, changed, signal);
    this.#intake = new Intake(this, this.offers, this.#fileIndex, this.#totals);
    this.reachability = new Reachability(changed, signal);
    this.#ticker = new Ticker(() => this.#tick(), signal);
    this.#handshake = new Handshake(this.kernel, (welcome) => this.#welcomed(welcome), signal);
    void this.#sayHello();
  }

  /** Aborts when the engine is disposed of. */
  get end(): AbortSignal {
    return this.#end.signal;
  }

  get files(): readonly Upload[] {
    return this.#fileIndex.all;
  }

  /** Whether bytes that only this page has are still to be sent. */
  get isUnsent(): boolean {
    return this.#fileIndex.count(UNSENT) > 0;
  }

  /** Whether a machine that falls asleep would stop something. */
  get isWorking(): boolean {
    return this.#fileIndex.count(WORKING) > 0;
  }

  /** Whether any file is neither on S3 nor given up. */
  get unfinished(): boolean {
    return this.files.some(({ state }) => state.name !== "done" && !isWithoutPlan(state));
  }

  /** What the kernel said of the widget; undefined until it spoke. */
  get welcome(): Welcome | undefined {
    return this.#handshake.welcome;
  }

  /** Why the kernel does not speak with this page; else empty. */
  get refusal(): string {
    return this.#handshake.refusal;
  }

  /** Why the kernel may never answer, for people; empty while it answers or soon may. */
  get deafness(): string {
    return this.#handshake.deafness;
  }

  /** Unfinished uploads that no file of the list resumes. */
  get offered(): Offer[] {
    const { own } = this.offers;
    if (own.length === 0) return own;
    const taken = this.#taken;
    return own.filter(({ upload_id }) => !taken.has(upload_id));
  }

  /** List other people's unfinished uploads, too. */
  async showOthers(): Promise<void> {
    if (this.welcome !== undefined) await this.offers.listAll(this.welcome.destination);
  }

  /**
   * Take files in. They are uploaded in this order.
   *
   * @returns the paths of those that were in the list already, once they are compared.
   */
  pick(picked: readonly Picked[]): Promise<readonly string[]> {
    return this.#intake.pick(picked);
  }

  /** Resume an unfinished upload with a file; one of another size is refused at once. */
  continue(offer: Offer, picked: Picked): void {
    this.#intake.continue(offer, picked);
  }

  /** Delete what S3 holds of the upload that is of another file, and upload this one. */
  async startOver(upload: Upload): Promise<void> {
    const offer = this.offers.own.find(({ upload_id }) => upload_id === upload.address.uploadId);
    if (offer !== undefined) await this.offers.discard(offer);
    upload.startOver();
  }

  /** List the unfinished uploads again, and see whether this page reaches the store. */
  async refresh(): Promise<void> {
    await this.#handshake.settled;
    if (this.welcome === undefined) return;
    await this.offers.list(this.welcome.destination);
    if (this.offers.store !== "") void this.reachability.watch(this.offers.store);
  }

  /** List the unfinished uploads again, though a list of before is on its way. */
  async listAnew(): Promise<void> {
    if (this.welcome !== undefined) await this.offers.listAnew(this.welcome.destination);
  }

  pause(ids: readonly string[] = []): void {
    // The last one first: else each that ends would have the next one start.
    for (const upload of [...this.#named(ids)].reverse()) upload.pause();
  }

  /** What another page took over stays there, unless it is named. */
  resume(ids: readonly string[] = []): void {
    this.#scheduler.trust();
    const meant = this.#named(ids).filter(
      ({ state }) => ids.length > 0 || state.name !== "elsewhere",
    );
    for (const upload of meant) upload.resume();
  }

  /** Delete what S3 holds of these files, and take them off the list. Finished ones stay. */
  async abort(ids: readonly string[] = []): Promise<void> {
    const uploads = this.#named(ids).filter(({ state }) => state.name !== "done");
    await Promise.allSettled(
      uploads.map(async (upload) => {
        await upload.abort();
        this.#remove([upload]);
      }),
    );
  }

  /** Take finished files off the list; nothing changes on S3. */
  clear(ids: readonly string[] = []): void {
    this.#remove(this.#named(ids).filter(({ state }) => state.name === "done"));
  }

  /** Whether the kernel's end is gone; asks it something, since only that shows it. */
  isCut(): boolean {
    if (!this.kernel.isCut) void this.#sayHello();
    return this.kernel.isCut;
  }

  /** Tell the widget whose engine this was that it has these files no more. */
  handOver(): void {
    const ids = this.files.filter(({ state }) => state.name !== "done").map(({ id }) => id);
    for (let from = 0; from < ids.length; from += MAX_PICK)
      this.kernel.tell({ kind: "hand_over", file_ids: ids.slice(from, from + MAX_PICK) });
  }

  /** Continue over another channel, with another model's settings. */
  connect(options: Options): void {
    this.#options = options;
    this.kernel.connect(options.channel);
    this.#reporter.restart();
    void this.#sayHello();
    void this.refresh();
  }

  /** The lanes may be more or fewer now. */
  concurrencyChanged(): void {
    this.#scheduler.fill();
  }

  /** Calls `listener` after changes; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dispose(): void {
    this.pause();
    this.#end.abort(new DOMException("the widget is gone", "AbortError"));
    this.hashers.dispose();
    this.kernel.dispose();
  }

  /** The same object for as long as nothing of it changes. */
  progressOf(upload: Upload): FileProgress {
    const store = "work" in upload.state ? upload.state.work.plan.store : "";
    const reachable = this.#scheduler.isReachable(store);
    const cut = upload.active !== undefined && !reachable;
    const stuck = this.ways.isRelayed(store) && this.relay.isStuck;
    const waits = waitingFor(upload, this.kernel, reachable, stuck);
    const deafness = waits === "kernel" ? this.deafness : "";
    const trouble = deafness || (cut && this.#scheduler.diagnosis(store)) || upload.trouble;
    return fileProgress(upload, waits, trouble);
  }

  /** Whether the user may have parts sent through the kernel, as the page gets no answer. */
  mayRelay(store: string): boolean {
    return this.ways.mayRelay(store) && this.#scheduler.relayMayHelp(store);
  }

  summary(): Summary {
    return this.#totals.summary();
  }

  trust(store: string): void {
    this.#scheduler.trustStore(store);
  }

  fails(upload: Upload, pool: Pool): boolean {
    return this.#scheduler.fails(upload, pool);
  }

  /** Not before the kernel has said which way parts go. */
  plan(uploads: readonly Upload[]): void {
    void this.#handshake.settled.then(() => this.#planner.plan(uploads));
  }

  uploadOpened(upload: Upload, address: UploadAddress): void {
    this.#scheduler.opened(upload, address.store);
    if (address.uploadId === "") return;
    const { path, file, handle } = upload;
    const { size, lastModified } = file;
    const entry = { ...address, path, size, lastModified, began: Date.now(), handle };
    void this.offers.remember(entry, () => {
      if (upload.address.uri === address.uri) upload.takenOver();
    });
  }

  uploadEnded(address: UploadAddress): void {
    if (address.uploadId === "") return;
    void this.offers.forget(address);
    // Another widget of the page may have listed it too.
    for (const engine of this.#options.engines()) engine.offers.drop(address);
  }

  stateChanged(upload: Upload): void {
    const { name } = upload.state;
    this.#fileIndex.stateChanged(upload);
    this.#totals.stateChanged(upload);
    if (name === "otherFile" || name === "elsewhere") this.offers.release(upload.address);
    this.schedule();
  }

  suspect(upload: Upload, sign: Sign): void {
    this.#scheduler.suspect(upload, sign);
  }

  unheard(upload: Upload): void {
    this.#scheduler.unheard(upload);
  }

  detoured(upload: Upload): Promise<boolean> {
    return this.#scheduler.detoured(upload);
  }

  schedule(): void {
    this.#ticker.start();
    this.#scheduler.schedule();
  }

  /** Many changes in one breath are notified once. */
  progressed(): void {
    if (this.#isNotifying) return;
    this.#isNotifying = true;
    queueMicrotask(() => {
      this.#isNotifying = false;
      this.#reporter.report();
      for (const listener of this.#listeners) listener();
    });
  }

  #hear(event: EventEnvelope["event"]): void {
    if (event.kind === "wanted") this.relay.handle(event);
    else if (event.kind !== "object_read") this.#reporter.handle(event);
    else for (const upload of this.#named([event.file_id])) upload.objectRead(event.bytes_read);
  }

  #carryOut({ verb, file_ids }: Order): void {
    void this[verb](file_ids);
  }

  #takenOver(ids: readonly string[]): void {
    for (const upload of ids.length > 0 ? this.#named(ids) : []) upload.takenOver();
  }

  #welcomed({ transport, orders }: Welcome): void {
    this.ways.choose(transport);
    this.#reporter.carryOut(orders);
  }

  async #sayHello(): Promise<void> {
    this.#ticker.start();
    await this.#handshake.sayHello();
    this.progressed();
  }

  /** Returns whether more is to come. */
  #tick(): boolean {
    const { state, bytes_done } = this.summary();
    const moves = state !== "idle" && state !== "done" && state !== "failed";
    if (moves) this.#sample(bytes_done);
    this.progressed();
    return moves || this.#handshake.isOpen;
  }

  #sample(bytesDone: number): void {
    this.rate.sample(bytesDone);
    for (const upload of this.#fileIndex.active) {
      if (upload.active) upload.rate.sample(upload.active.parts.bytesDone);
    }
    this.#scheduler.wake();
    if (this.kernel.isDoubtful) this.#reporter.reportAnyway();
  }

  /** The uploads that files of this page resume, in whatever widget. */
  get #taken(): Set<string> {
    const all = this.#options.engines().flatMap(({ files }) => files);
    return new Set([...this.files, ...all].map(({ address }) => address.uploadId));
  }

  #remove(uploads: readonly Upload[]): void {
    for (const upload of uploads) {
      this.#totals.remove(upload);
      this.#fileIndex.remove(upload);
    }
    this.schedule();
  }

  #named(ids: readonly string[]): readonly Upload[] {
    this.#intake.finish();
    if (ids.length === 0) return this.files;
    const named = new Set(ids);
    return this.files.filter(({ id }) => named.has(id));
  }
}
