/** The states of one file, and which may follow which. */

import type { Comparison } from "./comparison";
import type { PartSender } from "./part-sender";
import type { Problem } from "./problem";
import type { Work } from "./work";

/** What is `held` was paused before it had a plan, and is to be `paused` when it has one. */
export type State =
  | { readonly name: "picked"; readonly held: boolean }
  | { readonly name: "refused"; readonly problem: Problem }
  | { readonly name: "queued"; readonly work: Work }
  | { readonly name: "comparing"; readonly work: Work; readonly comparison: Comparison }
  | { readonly name: "checking"; readonly work: Work }
  | { readonly name: "uploading"; readonly work: Work; readonly sending: PartSender }
  | { readonly name: "completing"; readonly work: Work }
  | { readonly name: "paused"; readonly work: Work }
  | { readonly name: "failed"; readonly work: Work; readonly problem: Problem }
  | { readonly name: "aborting" }
  | { readonly name: "done"; readonly work: Work; readonly sha256: string; readonly sent: boolean };

type Name = State["name"];

const NEXT: Readonly<Record<Name, readonly Name[]>> = {
  picked: ["picked", "queued", "paused", "refused", "aborting"],
  refused: ["picked", "aborting"],
  queued: ["checking", "paused", "failed", "aborting"],
  comparing: ["comparing", "checking", "done", "paused", "failed", "aborting", "picked"],
  checking: [
    "comparing",
    "done",
    "checking",
    "uploading",
    "paused",
    "failed",
    "refused",
    "aborting",
    "picked",
  ],
  uploading: ["completing", "paused", "failed", "aborting", "picked"],
  completing: ["done", "uploading", "failed", "aborting", "picked"],
  paused: ["queued", "failed", "aborting"],
  failed: ["queued", "picked", "failed", "aborting"],
  aborting: ["failed", "refused"],
  done: [],
};

export function mayFollow(from: Name, to: Name): boolean {
  return NEXT[from].includes(to);
}

/** @throws Error if no file can go that way: a defect. */
export function checked(from: Name, to: State): State {
  if (!mayFollow(from, to.name)) throw new Error(`an upload cannot go from ${from} to ${to.name}`);
  return to;
}
