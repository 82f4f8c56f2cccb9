/** How far one file is, as people see it. */

import type { Kernel } from "../kernel/kernel";
import type { FileProgress, FileState, WaitingFor } from "../protocol";
import type { State } from "../upload/states";
import type { Upload } from "../upload/upload";

/** Characters in a report's message; with one more the kernel would refuse the whole report. */
const MAX_TEXT = 4096;

interface Known {
  readonly state: State;
  readonly changes: number;
  readonly waits: WaitingFor;
  readonly trouble: string;
  readonly progress: FileProgress;
}

/** The last progress of each file. */
const known = new WeakMap<Upload, Known>();

/**
 * One file as people see it: `waiting` where something keeps it from moving. The same object for as
 * long as nothing of it changes: of ten thousand files, few do.
 */
export function fileProgress(upload: Upload, waits: WaitingFor, trouble: string): FileProgress {
  const { state } = upload;
  const changes = "work" in state ? state.work.parts.changes : 0;
  const last = known.get(upload);
  const holds = last?.state === state && last.changes === changes;
  if (holds && last.waits === waits && last.trouble === trouble) return last.progress;
  const fresh = described(upload, waits, trouble);
  const progress = last && isSame(last.progress, fresh) ? last.progress : fresh;
  known.set(upload, { state, changes, waits, trouble, progress });
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

/**
 * What keeps a file from moving, if anything.
 *
 * @param stuck whether its parts go through a kernel that takes nothing just now.
 */
export function waitingFor(
  upload: Upload,
  kernel: Kernel,
  reachable: boolean,
  stuck: boolean,
): WaitingFor {
  const { active, state, trouble } = upload;
  if (active !== undefined) {
    const { parts } = active;
    if (stuck) return "kernel";
    const rests = parts.inFlight.length === 0 && parts.resting > parts.doubtful;
    if (!reachable || rests) return "network";
    const starved = parts.inFlight.length === 0 && parts.ready === 0;
    return starved && kernel.isSilent ? "kernel" : "";
  }
  const moves = ["picked", "comparing", "checking", "completing", "aborting"].includes(state.name);
  if (!moves || upload.isPaused) return "";
  if (kernel.isSilent) return "kernel";
  return trouble === "" ? "" : "network";
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? [...text].slice(0, MAX_TEXT).join("") : text;
}

function plainState(upload: Upload): FileState {
  const { state } = upload;
  if ("problem" in state) return "failed";
  const { name } = state;
  if (upload.isPaused) return "paused";
  if (name === "picked") return "queued";
  if (name === "aborting") return "completing";
  if (name === "comparing") return "checking";
  return name;
}
