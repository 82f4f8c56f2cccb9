/**
 * The sums over the files of one widget, kept up to date: of ten thousand files few move at a time,
 * and only those are looked at.
 */

import type { FileProgress, FileState, Summary } from "../protocol";
import type { Upload } from "../upload/upload";

/** A widget is in the first of these that any of its files is in. */
const PRECEDENCE: readonly FileState[] = [
  "uploading",
  "completing",
  "checking",
  "waiting",
  "paused",
  "queued",
  "failed",
  "done",
];

/** States in which more will happen by itself. */
const MOVING: readonly FileState[] = ["queued", "checking", "uploading", "waiting", "completing"];

/** Until the last file is proven, progress stays below 1. */
const ALMOST = 0.999;

/** Told how a file stands now; undefined if it is off the list. */
type Changed = (fileId: string, progress: FileProgress | undefined) => void;

/** What was counted of a file. */
interface Counted {
  readonly progress: FileProgress;
  readonly size: number;
}

export class Totals {
  readonly #progressOf: (upload: Upload) => FileProgress;
  readonly #changed: Changed;
  readonly #counted = new Map<Upload, Counted>();
  /** Files that may stand otherwise at the next look. */
  readonly #restless = new Set<Upload>();
  readonly #states = new Map<FileState, number>();
  /** Numbers are those of the files that were picked since nothing moved for the last time. */
  readonly #batch = new Set<Upload>();
  #batchDone = 0;
  #bytesDone = 0;
  #bytesTotal = 0;
  #errors = 0;

  constructor(progressOf: (upload: Upload) => FileProgress, changed: Changed) {
    this.#progressOf = progressOf;
    this.#changed = changed;
  }

  /** Whether all files have come to their end. */
  get settled(): boolean {
    this.#look();
    return [...this.#states.keys()].every((state) => state === "done" || state === "failed");
  }

  /** What joins from now on is a batch of its own. */
  newBatch(): void {
    this.#batch.clear();
    [this.#batchDone, this.#bytesDone, this.#bytesTotal] = [0, 0, 0];
  }

  /** The file is in the list, and of the batch. */
  join(upload: Upload): void {
    this.#count(upload, -1);
    this.#batch.add(upload);
    this.#count(upload, 1);
    this.#see(upload);
  }

  /** The file is off the list. */
  leave(upload: Upload): void {
    this.#count(upload, -1);
    this.#batch.delete(upload);
    this.#restless.delete(upload);
    if (this.#counted.delete(upload)) this.#changed(upload.id, undefined);
  }

  /** A file is in another state now. */
  moved(upload: Upload): void {
    if (this.#counted.has(upload)) this.#restless.add(upload);
  }

  /** Tell how every file stands, as if all had changed. */
  tellAll(): void {
    for (const [{ id }, { progress }] of this.#counted) this.#changed(id, progress);
  }

  summary(rate: number): Summary {
    this.#look();
    const states = this.#states;
    const moving = MOVING.some((state) => states.has(state));
    return {
      state: PRECEDENCE.find((state) => states.has(state)) ?? "idle",
      waiting_for: states.has("waiting") ? this.#first("waiting_for") : "",
      progress: this.#progress,
      bytes_done: this.#bytesDone,
      bytes_total: this.#bytesTotal,
      rate: moving ? rate : 0,
      eta: moving && rate > 0 ? (this.#bytesTotal - this.#bytesDone) / rate : -1,
      error: this.#errors > 0 ? this.#first("error") : "",
    };
  }

  get #progress(): number {
    if (this.#batch.size === 0) return 0;
    if (this.#batchDone === this.#batch.size) return 1;
    const [done, total] =
      this.#bytesTotal > 0
        ? [this.#bytesDone, this.#bytesTotal]
        : [this.#batchDone, this.#batch.size];
    return Math.min(ALMOST, done / total);
  }

  #look(): void {
    for (const upload of this.#restless) this.#see(upload);
  }

  #see(upload: Upload): void {
    const progress = this.#progressOf(upload);
    if (progress !== this.#counted.get(upload)?.progress) {
      this.#count(upload, -1);
      this.#counted.set(upload, { progress, size: upload.file.size });
      this.#count(upload, 1);
      this.#changed(upload.id, progress);
    }
    if (rests(upload, progress)) this.#restless.delete(upload);
    else this.#restless.add(upload);
  }

  /** Add what was counted of a file to the sums, or take it away. */
  #count(upload: Upload, sign: 1 | -1): void {
    const counted = this.#counted.get(upload);
    if (counted === undefined) return;
    const { state, error, bytes_done } = counted.progress;
    const files = (this.#states.get(state) ?? 0) + sign;
    if (files > 0) this.#states.set(state, files);
    else this.#states.delete(state);
    if (error !== "") this.#errors += sign;
    if (!this.#batch.has(upload)) return;
    this.#bytesDone += sign * bytes_done;
    this.#bytesTotal += sign * counted.size;
    if (state === "done") this.#batchDone += sign;
  }

  /** What the first file says that has something to say. */
  #first<Field extends "error" | "waiting_for">(field: Field): FileProgress[Field] | "" {
    for (const { progress } of this.#counted.values()) {
      if (progress[field] !== "") return progress[field];
    }
    return "";
  }
}

const QUIET = new Set<Upload["state"]["name"]>(["queued", "paused", "failed", "refused", "done"]);

/** Whether a file stands as it does until its state changes. */
function rests({ state }: Upload, { error }: FileProgress): boolean {
  const busy = "work" in state && state.work.parts.busy;
  const hindered = error !== "" && !("problem" in state);
  return QUIET.has(state.name) && !busy && !hindered;
}
