/** All files of one widget: what is picked, ordered, told. Knows no view and no Jupyter. */

import { Ticker } from "../async";
import { createHashers, type Hashers } from "../hashing/workers";
import { Completions } from "../kernel/completions";
import { Handshake } from "../kernel/handshake";
import { type Channel, Kernel } from "../kernel/kernel";
import type { Pool } from "../net/pool";
import { Rate } from "../net/rate";
import { Reachability } from "../net/reachability";
import type { Picked } from "../pick/drop";
import type { FileProgress, Order, Summary, Welcome } from "../protocol";
import { type Offer, Offers } from "../resume/offers";
import type { Surroundings, Upload } from "../upload/upload";
import type { UploadAddress } from "../upload/work";
import { FileIndex } from "./file-index";
import { Intake } from "./intake";
import { Planner } from "./planner";
import { fileProgress, waitingFor } from "./progress";
import { Reporter } from "./reporter";
import { Scheduler } from "./scheduler";
import { Totals } from "./totals";

export interface Options {
  readonly channel: Channel;
  /** Parts in flight at once, over all files; read before each part. */
  readonly maxConcurrency: () => number;
  /** The engines of the page, this one among them once it is registered. */
  readonly engines: () => readonly Uploads[];
}

const UNSENT = ["picked", "queued", "checking", "uploading"] as const;
const WORKING = ["checking", "uploading", "completing"] as const;

export class Uploads implements Surroundings {
  readonly kernel: Kernel;
  readonly hashers: Hashers = createHashers();
  readonly rate = new Rate();
  readonly offers: Offers;
  readonly completing: Completions;
  readonly reaching: Reachability;
  #options: Options;
  readonly #end = new AbortController();
  readonly #reports: Reporter;
  readonly #planning: Planner;
  readonly #traffic: Scheduler;
  readonly #listeners = new Set<() => void>();
  readonly #roster = new FileIndex();
  readonly #tally = new Totals(
    (upload) => this.progressOf(upload),
    (id, progress) => this.#reports.stands(id, progress),
  );
  readonly #intake: Intake;
  readonly #greeting: Handshake;
  readonly #ticking: Ticker;
  #told = false;

  constructor(options: Options) {
    const { signal } = this.#end;
    this.#options = options;
    this.kernel = new Kernel(options.channel, (event) => this.#reports.hear(event));
    this.#reports = new Reporter(this.kernel, this, signal);
    this.#planning = new Planner(this.kernel, () => this.progressed(), signal);
    const changed = (): void => this.progressed();
    const rules = {
      kernel: this.kernel,
      hashers: this.hashers,
      maxConcurrency: () => this.#options.maxConcurrency(),
      bytesPerSecond: () => this.rate.perSecond,
      changed,
    };
    this.#traffic = new Scheduler(this.#roster, rules, signal);
    this.completing = new Completions(this.kernel, signal);
    this.offers = new Offers(this.kernel, () => this.#taken, changed, signal);
    this.#intake = new Intake(this, this.#roster, this.#tally, (uploads) => {
      void this.#planning.plan(uploads);
    });
    this.reaching = new Reachability(() => this.progressed(), signal);
    this.#ticking = new Ticker(() => this.#tick(), signal);
    this.#greeting = new Handshake(this.kernel, ({ orders }) => this.#reports.obey(orders), signal);
    void this.#hello();
  }

  /** Aborts when the engine is disposed of. */
  get end(): AbortSignal {
    return this.#end.signal;
  }

  get files(): readonly Upload[] {
    return this.#roster.all;
  }

  /** Whether bytes that only this page has are still to be sent. */
  get isUnsent(): boolean {
    return this.#roster.anyIs(UNSENT);
  }

  /** Whether a machine that falls asleep would stop something. */
  get isWorking(): boolean {
    return this.#roster.anyIs(WORKING);
  }

  /** Whether any file is neither on S3 nor given up. */
  get unfinished(): boolean {
    return this.files.some(({ state }) => state.name !== "done" && state.name !== "refused");
  }

  /** What the kernel said of the widget; undefined until it spoke. */
  get welcome(): Welcome | undefined {
    return this.#greeting.welcome;
  }

  /** Why the kernel does not speak with this page; else empty. */
  get refusal(): string {
    return this.#greeting.refusal;
  }

  /** Why the kernel may never answer, for people; empty while it answers or soon may. */
  get deafness(): string {
    return this.#greeting.deafness;
  }

  /** Unfinished uploads that no file of the list goes on with. */
  get offered(): Offer[] {
    const { own } = this.offers;
    if (own.length === 0) return own;
    const taken = this.#taken;
    return own.filter(({ upload_id }) => !taken.has(upload_id));
  }

  /** List what other people began, too. */
  async showOthers(): Promise<void> {
    if (this.welcome !== undefined) await this.offers.unfold(this.welcome.destination);
  }

  /** Take files in. They are uploaded in this order. */
  pick(picked: readonly Picked[]): void {
    this.#intake.pick(picked);
  }

  /** Go on with an unfinished upload. A file of another size is refused at once. */
  continue(offer: Offer, picked: Picked): void {
    this.#intake.continue(offer, picked);
  }

  /** Delete what S3 holds of the upload that is of another file, and upload this one. */
  async startOver(upload: Upload): Promise<void> {
    const offer = this.offers.own.find(({ upload_id }) => upload_id === upload.begun.uploadId);
    if (offer !== undefined) await this.offers.discard(offer);
    upload.startOver();
  }

  /** See what was begun and not finished, and whether this page reaches the store. */
  async look(): Promise<void> {
    await this.#greeting.said;
    if (this.welcome === undefined) return;
    await this.offers.look(this.welcome.destination);
    if (this.offers.store !== "") void this.reaching.watch(this.offers.store);
  }

  pause(ids: readonly string[] = []): void {
    // The last one first: else each that ends would have the next one begin.
    for (const upload of [...this.#named(ids)].reverse()) upload.pause();
  }

  /** What another page took over stays there, unless it is named. */
  resume(ids: readonly string[] = []): void {
    this.#traffic.trust();
    const meant = this.#named(ids).filter((upload) => ids.length > 0 || !upload.isElsewhere);
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

  /** Go on over another line, with another model's settings. */
  connect(options: Options): void {
    this.#options = options;
    this.kernel.connect(options.channel);
    this.#reports.startAnew();
    void this.#hello();
    void this.look();
  }

  /** The lanes may be more or fewer now. */
  concurrencyChanged(): void {
    this.#traffic.fill();
  }

  /** Be told of every change; returns how to stop that. */
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

  /** The very same object while nothing of it changes. */
  progressOf(upload: Upload): FileProgress {
    const store = "work" in upload.state ? upload.state.work.plan.store : "";
    const reachable = this.#traffic.reaches(store);
    const cut = upload.active !== undefined && !reachable;
    const waits = waitingFor(upload, this.kernel, reachable);
    const deafness = waits === "kernel" ? this.deafness : "";
    const trouble = deafness || (cut && this.#traffic.diagnosis(store)) || upload.trouble;
    return fileProgress(upload, waits, trouble);
  }

  summary(): Summary {
    return this.#tally.summary(this.rate.perSecond);
  }

  tellAll(): void {
    this.#tally.tellAll();
  }

  obey({ verb, file_ids }: Order): void {
    void this[verb](file_ids);
  }

  lose(ids: readonly string[]): void {
    for (const upload of ids.length > 0 ? this.#named(ids) : []) upload.lose();
  }

  pool(store: string): Pool {
    return this.#traffic.pool(store);
  }

  plan(upload: Upload): void {
    void this.#planning.plan([upload]);
  }

  opened(upload: Upload, begun: UploadAddress): void {
    if (begun.uploadId === "") return;
    const { path, file, handle } = upload;
    const { size, lastModified } = file;
    const entry = { ...begun, path, size, lastModified, began: Date.now(), handle };
    void this.offers.begin(entry, () => {
      if (upload.begun.uri === begun.uri) upload.lose();
    });
  }

  ended(begun: UploadAddress): void {
    if (begun.uploadId === "") return;
    void this.offers.ended(begun);
    // Another widget of the page may have listed it too.
    for (const engine of this.#options.engines()) engine.offers.drop(begun);
  }

  moved(upload: Upload): void {
    this.#roster.moved(upload);
    this.#tally.moved(upload);
    if (upload.isOther || upload.isElsewhere) this.offers.release(upload.begun);
    this.worked();
  }

  worked(): void {
    this.#ticking.start();
    this.#traffic.worked();
  }

  /** Many changes in one breath are told once. */
  progressed(): void {
    if (this.#told) return;
    this.#told = true;
    queueMicrotask(() => {
      this.#told = false;
      this.#reports.changed();
      for (const listener of this.#listeners) listener();
    });
  }

  async #hello(): Promise<void> {
    this.#ticking.start();
    await this.#greeting.say();
    this.progressed();
  }

  /** Whether there is more to come. */
  #tick(): boolean {
    const { state, bytes_done } = this.summary();
    const moves = state !== "idle" && state !== "done" && state !== "failed";
    if (moves) this.#sample(bytes_done);
    this.progressed();
    return moves || this.#greeting.isOpen;
  }

  #sample(bytesDone: number): void {
    this.rate.sample(bytesDone);
    for (const upload of this.#roster.active) {
      if (upload.active) upload.rate.sample(upload.active.parts.bytesDone);
    }
    this.#traffic.ring();
    if (this.kernel.isDoubtful) this.#reports.owe();
  }

  /** The uploads that files of this page go on with, in whatever widget. */
  get #taken(): Set<string> {
    const all = this.#options.engines().flatMap(({ files }) => files);
    return new Set([...this.files, ...all].map(({ begun }) => begun.uploadId));
  }

  #remove(uploads: readonly Upload[]): void {
    for (const upload of uploads) {
      this.#tally.leave(upload);
      this.#roster.remove(upload);
    }
    this.worked();
  }

  #named(ids: readonly string[]): readonly Upload[] {
    this.#intake.finish();
    if (ids.length === 0) return this.files;
    const named = new Set(ids);
    return this.files.filter(({ id }) => named.has(id));
  }
}
