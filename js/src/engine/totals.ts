/**
 * The sums over the files of one widget, kept up to date: of ten thousand files few move at a time,
 * and only those are counted again. Knows no kernel and no view.
 */

import type { Rate } from "../net/rate";
import {
  ALMOST_DONE,
  type FileProgress,
  type FileState,
  PRECEDENCE,
  type Summary,
  type WidgetState,
} from "../protocol";
import type { StateName } from "../upload/states";
import type { Upload } from "../upload/upload";

/** States in which more will happen by itself. */
const MOVING: readonly FileState[] = ["queued", "checking", "uploading", "waiting", "completing"];

/** Called with a file's progress; undefined if it is off the list. */
type Changed = (fileId: string, progress: FileProgress | undefined) => void;

/** What was counted of a file. */
interface Counted {
  readonly progress: FileProgress;
  readonly size: number;
}

export class Totals {
  readonly #progressOf: (upload: Upload) => FileProgress;
  readonly #changed: Changed;
  readonly #rate: Rate;
  readonly #counted = new Map<Upload, Counted>();
  /** Files whose progress may be another one at the next update. */
  readonly #restless = new Set<Upload>();
  readonly #states = new Map<WidgetState, number>();
  /** Numbers are those of the files that were picked since nothing moved for the last time. */
  readonly #batch = new Set<Upload>();
  #batchDone = 0;
  #bytesDone = 0;
  #bytesTotal = 0;
  #errors = 0;

  /** @param rate at which all files together move. */
  constructor(progressOf: (upload: Upload) => FileProgress, changed: Changed, rate: Rate) {
    this.#progressOf = progressOf;
    this.#changed = changed;
    this.#rate = rate;
  }

  /** Whether all files have come to their end. */
  get settled(): boolean {
    this.#update();
    return [...this.#states.keys()].every((state) => state === "done" || state === "failed");
  }

  /** Files that are added from now on are a batch of their own. */
  newBatch(): void {
    this.#batch.clear();
    [this.#batchDone, this.#bytesDone, this.#bytesTotal] = [0, 0, 0];
    this.#rate.reset();
  }

  /** The file is in the list, and of the batch. */
  add(upload: Upload): void {
    this.#count(upload, -1);
    this.#batch.add(upload);
    this.#count(upload, 1);
    this.#recount(upload);
  }

  /** The file is off the list. */
  remove(upload: Upload): void {
    this.#count(upload, -1);
    this.#batch.delete(upload);
    this.#restless.delete(upload);
    if (this.#counted.delete(upload)) this.#changed(upload.id, undefined);
  }

  /** A file is in another state now. */
  stateChanged(upload: Upload): void {
    if (this.#counted.has(upload)) this.#restless.add(upload);
  }

  /** Report the progress of every file, as if all had changed. */
  reportAll(): void {
    for (const [{ id }, { progress }] of this.#counted) this.#changed(id, progress);
  }

  summary(): Summary {
    this.#update();
    const rate = this.#rate.perSecond;
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
    return Math.min(ALMOST_DONE, done / total);
  }

  #update(): void {
    for (const upload of this.#restless) this.#recount(upload);
  }

  #recount(upload: Upload): void {
    const progress = this.#progressOf(upload);
    if (progress !== this.#counted.get(upload)?.progress) {
      this.#count(upload, -1);
      this.#counted.set(upload, { progress, size: upload.file.size });
      this.#count(upload, 1);
      this.#changed(upload.id, progress);
    }
    if (isSettled(upload, progress)) this.#restless.delete(upload);
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

  /** The field of the first file that has one. */
  #first<Field extends "error" | "waiting_for">(field: Field): FileProgress[Field] | "" {
    for (const { progress } of this.#counted.values()) {
      if (progress[field] !== "") return progress[field];
    }
    return "";
  }
}

const QUIET = new Set<StateName>([
  "queued",
  "paused",
  "failed",
  "refused",
  "conflict",
  "otherFile",
  "differs",
  "elsewhere",
  "done",
]);

/** Whether a file's progress stays the same until its state changes. */
function isSettled({ state }: Upload, { error }: FileProgress): boolean {
  const busy = "work" in state && state.work.parts.busy;
  const hindered = error !== "" && !("problem" in state);
  return QUIET.has(state.name) && !busy && !hindered;
}
