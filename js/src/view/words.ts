/** The words for a file: its state, and its numbers. */

import { hasCells } from "../host";
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
  if (upload.comparison && waiting_for === "") {
    return upload.comparison.bytesRead > 0 ? text.view.readingBack : text.view.comparing;
  }
  if (state === "uploading" && isStalled(upload) && isSent(upload)) return text.view.sent;
  // If something other than a running cell keeps the kernel, the error says what.
  if (waiting_for === "kernel" && error !== "") return text.view.waiting[""];
  if (state !== "waiting") return text.view.states[state];
  return text.view.waiting[waiting_for === "kernel" && hasCells() ? "cell" : waiting_for];
}

/** What the user should know of the upload, and is no trouble; often empty. */
export function noteOf({ note, state }: Upload): string {
  const isDone = state.name === "done";
  const without = "work" in state ? state.work.without.join(", ") : "";
  const of = isDone && !state.sent ? text.ofTheObject : text.ofTheUpload;
  return [isDone ? "" : note, without && of(without)].filter(Boolean).join(" ");
}

/** `1.2 of 3.4 GB · 45 MB/s · 33 s left`. */
export function numbers(upload: Upload, { state, bytes_done }: FileProgress): string {
  const { size } = upload.file;
  if (upload.comparison)
    return joined(`${percent(upload.comparison.share, 1, false)} %`, bytes(size));
  if (bytes_done === 0 || state === "done") return bytes(size);
  const amount = bytesOf(bytes_done, size);
  if (state !== "uploading") return amount;
  if (isStalled(upload)) return isSent(upload) ? amount : joined(amount, text.view.stalled);
  return joined(amount, ...pace(upload.rate.perSecond, size - bytes_done));
}

/** Parts are on their way, but no byte of them moves; after a while they get new connections. */
function isStalled({ active, rate }: Upload): boolean {
  if (active === undefined || !rate.still || !active.parts.showsProgress) return false;
  return active.parts.inFlight.length + active.parts.doubtful > 0;
}

/** Every byte that is on its way has left. */
function isSent({ active }: Upload): boolean {
  return active?.parts.isSent ?? false;
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
    picked.some(({ path }) => path.includes("/")) && view.links,
  ].filter((each) => each !== false);
  if (sentences.length === 0) return picked.length === 0 ? view.nothing : "";
  return joined(...sentences);
}

/** A notice of files that were in the list already; empty if none was. */
export function alreadyListed(paths: readonly string[]): string {
  return paths.length > 0 ? text.view.listed(listed(paths)) : "";
}

function listed(paths: readonly string[]): string[] {
  const named = paths.slice(0, NAMED).map(shown);
  const more = paths.length - named.length;
  return more > 0 ? [...named, text.view.more(count(more))] : named;
}
