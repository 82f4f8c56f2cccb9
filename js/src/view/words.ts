/** The words for a file: its state, and its numbers. */

import type { Filtered } from "../pick/filter";
import type { FileProgress } from "../protocol";
import { bytes, bytesOf, count, duration, percent, rate } from "../text/format";
import { text } from "../text/text";
import { isWithoutPlan } from "../upload/states";
import type { Upload } from "../upload/upload";

/** Direction marks could make `vsc.exe` look like `exe.csv`; control characters are invisible. */
const DECEPTIVE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name, safe to show. */
export function shown(name: string): string {
  return name.replace(DECEPTIVE, "\ufffd");
}

export function nameOf({ path }: Upload): string {
  return shown(path);
}

export function stateWords(upload: Upload, progress: FileProgress): string {
  const { state, waiting_for, error } = progress;
  if (upload.state.name === "conflict") return text.view.conflict;
  if (isWithoutPlan(upload.state)) return text.view.refused;
  if (upload.state.name === "aborting" && waiting_for === "") return text.view.discarding;
  if (upload.state.name === "done" && !upload.state.sent) return text.view.wasThere;
  if (upload.comparison && waiting_for === "") return text.view.comparing;
  // If something other than a running cell keeps the kernel, the error says what.
  if (waiting_for === "kernel" && error !== "") return text.view.waiting[""];
  return state === "waiting" ? text.view.waiting[waiting_for] : text.view.states[state];
}

/** `1.2 of 3.4 GB · 45 MB/s · 33 s left`. */
export function numbers(upload: Upload, { state, bytes_done }: FileProgress): string {
  const { size } = upload.file;
  if (upload.comparison)
    return joined(`${percent(upload.comparison.share, 1, false)} %`, bytes(size));
  if (bytes_done === 0 || state === "done") return bytes(size);
  const amount = bytesOf(bytes_done, size);
  if (state !== "uploading") return amount;
  if (isStalled(upload)) return joined(amount, text.view.stalled);
  return joined(amount, ...pace(upload.rate.perSecond, size - bytes_done));
}

/** Parts are on the wire, but no byte of them moves; after a while they get new connections. */
function isStalled({ active, rate }: Upload): boolean {
  return rate.still && (active?.parts.inFlight.length ?? 0) > 0;
}

/** Rate and time left, once they are known. */
export function pace(perSecond: number, bytesLeft: number): string[] {
  if (perSecond <= 0) return [];
  return [rate(perSecond), text.view.left(duration(bytesLeft / perSecond))];
}

export function joined(...pieces: readonly string[]): string {
  return pieces.join(" · ");
}

/** The number of names that a notice spells out. */
const NAMED = 5;

/** A notice of the files of a pick that are not uploaded, and why; empty if all are. */
export function leftOut(
  { picked, system, otherKinds }: Filtered,
  unreadable: readonly string[],
): string {
  const { view } = text;
  const sentences = [
    system > 0 && view.systemFiles(system),
    otherKinds.length > 0 && view.otherKinds(otherKinds.length, listed(otherKinds)),
    unreadable.length > 0 && view.unreadable(listed(unreadable)),
  ].filter((each) => each !== false);
  if (sentences.length === 0) return picked.length === 0 ? view.nothing : "";
  return joined(...sentences);
}

function listed(paths: readonly string[]): string[] {
  const named = paths.slice(0, NAMED).map(shown);
  const more = paths.length - named.length;
  return more > 0 ? [...named, text.view.more(count(more))] : named;
}
