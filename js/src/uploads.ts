/**
 * All files of one widget. Three small loops pull work from them in their order: hash → sign →
 * send. Knows no view and no Jupyter.
 */

import { Diagnoses } from "./diagnoses";
import { createHashers, type Hashers } from "./hashers";
import { Hashing } from "./hashing";
import { Kernel, type Line, randomId } from "./kernel";
import { Planning } from "./planning";
import type { Outcome, Pool, Sender } from "./pool";
import {
  type FileProgress,
  MAX_PICK,
  type Order,
  type Summary,
  VERSION,
  type Welcome,
} from "./protocol";
import { Rate } from "./rate";
import { poolFor } from "./registry";
import { Reports } from "./reports";
import { Signing } from "./signing";
import { fileProgress, settled, summarise, waitingFor } from "./summary";
import { type Surroundings, Upload } from "./upload";

/** A file and its path inside the folder it was picked with; else its name. */
export interface Picked {
  readonly file: File;
  readonly path: string;
}

export interface Options {
  readonly line: Line;
  /** Parts in flight at once, over all files; read before each part. */
  readonly maxConcurrency: () => number;
}

/** While anything moves, numbers are sampled and shown so often. */
const TICK_MS = 500;

export class Uploads implements Sender, Surroundings {
  readonly kernel: Kernel;
  readonly hashers: Hashers = createHashers();
  readonly rate = new Rate();
  #options: Options;
  readonly #end = new AbortController();
  readonly #reports: Reports;
  readonly #planning: Planning;
  readonly #hashing: Hashing;
  readonly #signing: Signing;
  readonly #listeners = new Set<() => void>();
  readonly #pools = new Map<string, Pool>();
  readonly #diagnoses: Diagnoses;
  readonly #batch = new Set<Upload>();
  #files: Upload[] = [];
  #welcome: Welcome | undefined;
  #told = false;

  constructor(options: Options) {
    const { signal } = this.#end;
    this.#options = options;
    this.kernel = new Kernel(options.line, (orders) => this.#reports.obey(orders));
    this.#reports = new Reports(this.kernel, this, signal);
    this.#planning = new Planning(this.kernel, () => this.progressed(), signal);
    const files = (): readonly Upload[] => this.#files;
    const rate = (): number => this.rate.perSecond;
    this.#diagnoses = new Diagnoses(this.kernel, files, signal);
    const changed = (): void => this.progressed();
    this.#hashing = new Hashing(this.hashers.lanes, files, rate, changed, signal);
    this.#signing = new Signing(
      this.kernel,
      files,
      () => this.#hashing.goesOn,
      () => this.worked(),
      signal,
    );
    const tick = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(tick));
    void this.#hello();
  }

  get files(): readonly Upload[] {
    return this.#files;
  }

  /** Whether any file is neither on S3 nor given up. */
  get unfinished(): boolean {
    return this.#files.some(({ state }) => state.name !== "done" && state.name !== "refused");
  }

  /** What the kernel said of the widget; undefined until it spoke. */
  get welcome(): Welcome | undefined {
    return this.#welcome;
  }

  get maxConcurrency(): number {
    return this.#options.maxConcurrency();
  }

  /** Take files in. They are uploaded in this order. */
  pick(picked: readonly Picked[]): void {
    if (settled(this.progress())) this.#newBatch();
    const uploads = picked
      .filter((each) => !this.#pickedAgain(each))
      .map(({ file, path }) => new Upload(randomId(), file, path.normalize("NFC"), this));
    for (const upload of uploads) this.#batch.add(upload);
    this.#files = [...this.#files, ...uploads];
    for (let start = 0; start < uploads.length; start += MAX_PICK) {
      void this.#planning.plan(uploads.slice(start, start + MAX_PICK));
    }
    this.worked();
  }

  pause(ids: readonly string[] = []): void {
    // The last one first: else each that ends would have the next one begin.
    for (const upload of [...this.#named(ids)].reverse()) upload.pause();
  }

  resume(ids: readonly string[] = []): void {
    for (const pool of this.#pools.values()) pool.trust();
    for (const upload of this.#named(ids)) upload.resume();
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
    this.kernel.connect(options.line);
    this.#reports.startAnew();
    void this.#hello();
  }

  /** The lanes may be more or fewer now. */
  concurrencyChanged(): void {
    for (const pool of this.#pools.values()) pool.fill();
  }

  /** Be told of every change; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  dispose(): void {
    this.pause();
    for (const pool of this.#pools.values()) pool.leave(this);
    this.#end.abort(new DOMException("the widget is gone", "AbortError"));
    this.#hashing.ring();
    this.#signing.ring();
    this.hashers.dispose();
    this.kernel.dispose();
  }

  /** Each file as people see it. */
  progress(): FileProgress[] {
    return this.#files.map((upload) => this.progressOf(upload));
  }

  progressOf(upload: Upload): FileProgress {
    const store = "work" in upload.state ? upload.state.work.plan.store : "";
    const reachable = this.#pools.get(store)?.reachable ?? true;
    const cut = upload.active !== undefined && !reachable;
    const trouble = (cut && this.#diagnoses.of(store)) || upload.trouble;
    return fileProgress(upload, waitingFor(upload, this.kernel, reachable), trouble);
  }

  summary(): Summary {
    const batch = [...this.#batch].map((upload) => ({
      progress: this.progressOf(upload),
      size: upload.file.size,
    }));
    return summarise(this.progress(), batch, this.rate.perSecond);
  }

  obey({ verb, file_ids }: Order): void {
    void this[verb](file_ids);
  }

  pool(store: string): Pool {
    const pool = this.#pools.get(store) ?? poolFor(store);
    this.#pools.set(store, pool);
    pool.join(this);
    return pool;
  }

  plan(upload: Upload): void {
    void this.#planning.plan([upload]);
  }

  send(): Promise<Outcome> | undefined {
    for (const upload of this.#files) {
      const sending = upload.send();
      if (sending !== undefined) return sending;
    }
    return undefined;
  }

  reachabilityChanged(): void {
    const unreachable = this.#files.find(
      ({ active }) => active && !this.pool(active.plan.store).reachable,
    );
    const looked = unreachable && this.#diagnoses.look(unreachable);
    void looked?.then(() => this.progressed());
    this.worked();
  }

  wake(): void {
    for (const upload of this.#files) upload.wake();
  }

  worked(): void {
    this.#startQueued();
    this.#hashing.ring();
    this.#signing.ring();
    for (const pool of this.#pools.values()) pool.fill();
    this.progressed();
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
    try {
      const hello = { kind: "hello", version: VERSION } as const;
      this.#welcome = await this.kernel.call(hello, this.#end.signal);
      this.#reports.obey(this.#welcome.orders);
      this.progressed();
    } catch {
      // Disposed of before the kernel answered.
    }
  }

  /** Start files while the ones that are under way would soon leave a lane empty. */
  #startQueued(): void {
    const wanted = 2 * this.maxConcurrency;
    let ahead = 0;
    for (const upload of this.#files) {
      if (ahead >= wanted) return;
      if (upload.state.name === "queued") void upload.start();
      if ("work" in upload.state && upload.state.name !== "paused") {
        // Most that are compared have nothing to send: the wire is for those after them.
        if (upload.comparison !== undefined) ahead += 1;
        else if (upload.state.name !== "failed") ahead += upload.state.work.parts.unsent;
      }
    }
  }

  #tick(): void {
    const { state, bytes_done } = this.summary();
    if (state === "idle" || state === "done" || state === "failed") return;
    this.rate.sample(bytes_done);
    for (const upload of this.#files) {
      if (upload.active) upload.rate.sample(upload.active.parts.bytesDone);
    }
    this.#hashing.ring();
    this.#signing.ring();
    this.progressed();
  }

  /** A file that is in the list and not finished needs no second row: its own goes on. */
  #pickedAgain({ file, path }: Picked): boolean {
    const known = this.#files.find(
      (upload) => upload.path === path.normalize("NFC") && upload.isOf(file),
    );
    if (known === undefined) return false;
    this.#batch.add(known);
    known.pickedAgain(file);
    return true;
  }

  #newBatch(): void {
    this.#batch.clear();
    this.rate.reset();
  }

  #remove(uploads: readonly Upload[]): void {
    const gone = new Set(uploads);
    for (const upload of gone) this.#batch.delete(upload);
    this.#files = this.#files.filter((upload) => !gone.has(upload));
    this.worked();
  }

  #named(ids: readonly string[]): readonly Upload[] {
    return ids.length === 0 ? this.#files : this.#files.filter(({ id }) => ids.includes(id));
  }
}
