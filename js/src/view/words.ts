/** What is said of a file: its state in words, and its numbers. */

import { bytes, bytesOf, duration, rate } from "../format";
import type { FileProgress } from "../protocol";
import { text } from "../text";
import type { Upload } from "../upload";

/** Direction marks in a name could make `exe.csv` of `vsc.exe`; control characters hide. */
const DECEPTIVE = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** A name as it may be shown. */
export function shown(name: string): string {
  return name.replace(DECEPTIVE, "\ufffd");
}

export function nameOf({ path }: Upload): string {
  return shown(path);
}

export function isConflict({ state }: Upload): boolean {
  return "problem" in state && state.problem.code === "exists";
}

export function stateWords(upload: Upload, { state, waiting_for }: FileProgress): string {
  if (isConflict(upload)) return text.view.conflict;
  if (upload.state.name === "refused") return text.view.refused;
  if (upload.state.name === "aborting" && waiting_for === "") return text.view.discarding;
  return state === "waiting" ? text.view.waiting[waiting_for] : text.view.states[state];
}

/** `1.2 of 3.4 GB · 45 MB/s · 33 s left`. */
export function numbers(upload: Upload, { state, bytes_done }: FileProgress): string {
  const { size } = upload.file;
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
