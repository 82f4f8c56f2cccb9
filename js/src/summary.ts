/** The sums over all files of a widget. */

import type { Kernel } from "./kernel";
import type { FileProgress, FileState, Summary, WaitingFor, WidgetState } from "./protocol";
import type { State } from "./states";
import type { Upload } from "./upload";

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

/** States in which nothing more will happen by itself. */
const SETTLED = new Set<FileState>(["done", "failed"]);
const MOVING = new Set<FileState>(["queued", "checking", "uploading", "waiting", "completing"]);

/** What a report may say; one word too many, and the kernel would refuse them all. */
const MAX_TEXT = 4096;

/** Until the last file is proven, progress stays below 1. */
const ALMOST = 0.999;

interface Told {
  readonly state: State;
  readonly changes: number;
  readonly waits: WaitingFor;
  readonly trouble: string;
  readonly progress: FileProgress;
}

/** What was told of each file last. */
const told = new WeakMap<Upload, Told>();

/**
 * One file as people see it: `waiting` where it would go on but cannot. The very same object while
 * nothing of it changes: of ten thousand files, few do.
 */
export function fileProgress(upload: Upload, waits: WaitingFor, trouble: string): FileProgress {
  const { state } = upload;
  const changes = "work" in state ? state.work.parts.changes : 0;
  const last = told.get(upload);
  const stands = last?.state === state && last.changes === changes;
  if (stands && last.waits === waits && last.trouble === trouble) return last.progress;
  const fresh = described(upload, waits, trouble);
  const progress = last && isSame(last.progress, fresh) ? last.progress : fresh;
  told.set(upload, { state, changes, waits, trouble, progress });
  return progress;
}

function isSame(one: FileProgress, other: FileProgress): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function described(upload: Upload, waits: WaitingFor, trouble: string): FileProgress {
  const { state } = upload;
  const parts = "work" in state ? state.work.parts : undefined;
  return {
    file_id: upload.id,
    state: waits === "" ? plainState(upload) : "waiting",
    waiting_for: waits,
    error: cut("problem" in state ? state.problem.message : trouble),
    bytes_done: parts?.bytesDone ?? 0,
    parts_done: parts?.stored ?? 0,
    parts_in_flight: (parts?.inFlight ?? []).map(([part_number, bytes_sent]) => ({
      part_number,
      bytes_sent,
    })),
  };
}

/** What keeps a file from going on, if anything. */
export function waitingFor(upload: Upload, kernel: Kernel, reachable: boolean): WaitingFor {
  const { active, state, trouble } = upload;
  if (active !== undefined) {
    const { parts } = active;
    if (!reachable || (parts.inFlight.length === 0 && parts.resting > 0)) return "network";
    const starved = parts.inFlight.length === 0 && parts.ready === 0;
    return starved && kernel.silent ? "kernel" : "";
  }
  const moves = ["picked", "comparing", "checking", "completing", "aborting"].includes(state.name);
  if (!moves || upload.isPaused) return "";
  if (kernel.silent) return "kernel";
  return trouble === "" ? "" : "network";
}

export function summarise(
  files: readonly FileProgress[],
  batch: readonly { readonly progress: FileProgress; readonly size: number }[],
  rate: number,
): Summary {
  const states = new Set(files.map((file) => file.state));
  const state: WidgetState = PRECEDENCE.find((name) => states.has(name)) ?? "idle";
  const bytesTotal = batch.reduce((sum, { size }) => sum + size, 0);
  const bytesDone = batch.reduce((sum, { progress }) => sum + progress.bytes_done, 0);
  const moving = [...states].some((name) => MOVING.has(name));
  return {
    state,
    waiting_for: files.find((file) => file.state === "waiting")?.waiting_for ?? "",
    progress: overall(batch, bytesDone, bytesTotal),
    bytes_done: bytesDone,
    bytes_total: bytesTotal,
    rate: moving ? rate : 0,
    eta: moving && rate > 0 ? (bytesTotal - bytesDone) / rate : -1,
    error: files.find((file) => file.error !== "")?.error ?? "",
  };
}

/** Whether a batch has come to its end. */
export function settled(files: readonly FileProgress[]): boolean {
  return files.every((file) => SETTLED.has(file.state));
}

function overall(
  batch: readonly { readonly progress: FileProgress }[],
  bytesDone: number,
  bytesTotal: number,
): number {
  if (batch.length === 0) return 0;
  const done = batch.filter(({ progress }) => progress.state === "done").length;
  if (done === batch.length) return 1;
  return Math.min(ALMOST, bytesTotal > 0 ? bytesDone / bytesTotal : done / batch.length);
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? [...text].slice(0, MAX_TEXT).join("") : text;
}

function plainState(upload: Upload): FileState {
  const { name } = upload.state;
  if (upload.isPaused) return "paused";
  if (name === "picked") return "queued";
  if (name === "refused") return "failed";
  if (name === "aborting") return "completing";
  if (name === "comparing") return "checking";
  return name;
}
