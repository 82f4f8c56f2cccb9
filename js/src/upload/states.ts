/**
 * The states of one file, which of them may follow which, and the events that lead from one to the
 * next. Knows no kernel, no network and no clock.
 */

import type { Pool } from "../net/pool";
import type { Comparison } from "./comparison";
import type { Parts } from "./parts";
import type { Problem } from "./problem";
import type { UploadAddress, Work } from "./work";

export type State =
  /** `held`: paused before it had a plan; becomes `paused` once it has one. */
  | { readonly name: "picked"; readonly held: boolean }
  /** The kernel gave it no plan. */
  | { readonly name: "refused"; readonly problem: Problem }
  /** The unfinished upload that it was to continue is another file's. */
  | { readonly name: "otherFile"; readonly problem: Problem }
  | { readonly name: "queued"; readonly work: Work }
  | { readonly name: "comparing"; readonly work: Work; readonly comparison: Comparison }
  | { readonly name: "checking"; readonly work: Work }
  | { readonly name: "uploading"; readonly work: Work }
  | { readonly name: "completing"; readonly work: Work }
  | { readonly name: "paused"; readonly work: Work }
  | { readonly name: "failed"; readonly work: Work; readonly problem: Problem }
  /** Another object has its key: seen before it had a plan, or on the way. */
  | { readonly name: "conflict"; readonly problem: Problem }
  | { readonly name: "conflict"; readonly work: Work; readonly problem: Problem }
  /** Some parts on S3 are not this file's: the user decides whether to send those again. */
  | { readonly name: "differs"; readonly work: Work; readonly problem: Problem }
  /** Another page took it over. */
  | { readonly name: "elsewhere"; readonly work: Work; readonly problem: Problem }
  | { readonly name: "aborting"; readonly address: UploadAddress }
  | { readonly name: "done"; readonly work: Work; readonly sha256: string; readonly sent: boolean };

export type StateName = State["name"];

/** A sign that something lies between the page and the store. */
export type Sign =
  /** A part got no answer. */
  | { readonly kind: "silence" }
  /** It was refused, as more lanes would only be more often. */
  | { readonly kind: "refusal" }
  /** A gateway answered in the store's place. */
  | { readonly kind: "gateway"; readonly status: number };

/** What an attempt reports to its file. */
export interface AttemptEvents {
  /** The attempt takes its next step. */
  entered(state: State): void;
  /** The file has an upload on S3, or needs none: parts may be sent. */
  opened(work: Work): void;
  partSent(parts: Parts): void;
  /** A part that was found on S3 is compared with the file's. */
  partCompared(parts: Parts): void;
  failed(problem: Problem): void;
  /** S3 takes no parts of this file into the upload that was found. */
  incompatible(work: Work): void;
  /** A part met something in the store's place. */
  suspicious(sign: Sign): void;
  /** A part was lost before a byte of it left this page. */
  unheard(): void;
  /**
   * S3 keeps refusing a part that the page sends: whether parts go another way, once it was found
   * out what lies between.
   */
  detoured(): Promise<boolean>;
  /** A part did not get through: whether that is a matter of the name, as others are good. */
  fails(pool: Pool): boolean;
  /** S3 holds the file; `sent` says whether bytes had to be sent for that. */
  completed(work: Work, sha256: string, sent: boolean): void;
  /** A part may be ready for its next step: to be hashed, signed or sent. */
  ready(): void;
  /** Bytes moved: only the numbers changed. */
  progressed(): void;
}

const FAILURES = ["failed", "conflict", "otherFile", "elsewhere"] as const;

const NEXT: Readonly<Record<StateName, readonly StateName[]>> = {
  picked: ["picked", "queued", "paused", "refused", "conflict", "otherFile", "aborting"],
  refused: ["picked", "aborting"],
  otherFile: ["picked", "aborting"],
  queued: ["checking", "paused", ...FAILURES, "aborting", "picked"],
  comparing: ["comparing", "checking", "done", "paused", ...FAILURES, "aborting", "picked"],
  checking: [
    "comparing",
    "done",
    "checking",
    "uploading",
    "paused",
    ...FAILURES,
    "aborting",
    "picked",
  ],
  uploading: ["completing", "paused", ...FAILURES, "differs", "aborting", "picked"],
  completing: ["done", "uploading", ...FAILURES, "aborting", "picked"],
  paused: ["queued", "picked", "elsewhere", "aborting"],
  failed: ["queued", "picked", "elsewhere", "aborting"],
  conflict: ["queued", "picked", "elsewhere", "aborting"],
  differs: ["queued", "picked", "elsewhere", "aborting"],
  elsewhere: ["picked", "elsewhere", "aborting"],
  aborting: ["refused", ...FAILURES],
  done: [],
};

/** @throws Error if no file can go that way: a defect. */
export function checked(from: StateName, to: State): State {
  if (!NEXT[from].includes(to.name)) {
    throw new Error(`an upload cannot go from ${from} to ${to.name}`);
  }
  return to;
}

/** The state of a file that gets no plan. */
export function refusedBy(problem: Problem): State {
  switch (problem.code) {
    case "exists":
    case "incomparable":
      return { name: "conflict", problem };
    case "other_file":
      return { name: "otherFile", problem };
    default:
      return { name: "refused", problem };
  }
}

/** The state of a file whose work is stopped by a problem. */
export function stoppedBy(problem: Problem, work: Work): State {
  switch (problem.code) {
    case "exists":
    case "incomparable":
      return { name: "conflict", work, problem };
    case "other_file":
      return { name: "otherFile", problem };
    case "differs":
      return { name: "differs", work, problem };
    case "not_owner":
      return { name: "elsewhere", work, problem };
    default:
      return { name: "failed", work, problem };
  }
}

/** Whether a problem came before a plan: nothing of the file was sent. */
export function isWithoutPlan(state: State): boolean {
  return "problem" in state && !("work" in state);
}
