/** The states of one file, and which of them may follow which. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Problem } from "../src/upload/problem";
import {
  checked,
  isWithoutPlan,
  refusedBy,
  type State,
  type StateName,
  stoppedBy,
} from "../src/upload/states";
import type { Work } from "../src/upload/work";

/** What may follow each state, and nothing else. */
const FOLLOWERS: Readonly<Record<StateName, string>> = {
  picked: "picked queued paused refused conflict otherFile aborting",
  refused: "picked aborting",
  otherFile: "picked aborting",
  queued: "checking paused failed conflict otherFile elsewhere aborting picked",
  comparing: "comparing checking done paused failed conflict otherFile elsewhere aborting picked",
  checking:
    "comparing done checking uploading paused failed conflict otherFile elsewhere aborting picked",
  uploading: "completing paused failed conflict otherFile elsewhere differs aborting picked",
  completing: "done uploading failed conflict otherFile elsewhere aborting picked",
  paused: "queued picked elsewhere aborting",
  failed: "queued picked elsewhere aborting",
  conflict: "queued picked elsewhere aborting",
  differs: "queued picked elsewhere aborting",
  elsewhere: "picked elsewhere aborting",
  aborting: "refused failed conflict otherFile elsewhere",
  done: "",
};
const NAMES = Object.keys(FOLLOWERS) as StateName[];

function state(name: StateName): State {
  return { name } as State;
}

function mayFollow(from: StateName, to: StateName): boolean {
  try {
    return checked(from, state(to)).name === to;
  } catch {
    return false;
  }
}

function followers(from: StateName): StateName[] {
  return NAMES.filter((to) => mayFollow(from, to));
}

/** All states that a file can come to. */
function reachable(from: StateName): Set<StateName> {
  const found = new Set<StateName>([from]);
  for (const name of found) for (const next of followers(name)) found.add(next);
  return found;
}

function problem(code: Problem["code"]): Problem {
  return { code, message: "what went wrong" } as Problem;
}

suite("what may follow what", () => {
  for (const from of NAMES) {
    test(`${from} is followed by ${FOLLOWERS[from] || "nothing"}`, () => {
      const expected = FOLLOWERS[from].split(" ").filter((name) => name !== "");

      assert.deepEqual(
        followers(from),
        NAMES.filter((name) => expected.includes(name)),
      );
    });
  }

  test("a step that no file can take is a defect that names both states", () => {
    assert.throws(() => checked("done", state("queued")), /cannot go from done to queued/);
  });

  test("a picked file can come to every state", () => {
    assert.deepEqual(reachable("picked"), new Set(NAMES));
  });

  test("from wherever a file is, it can still be done", () => {
    for (const name of NAMES) assert.ok(reachable(name).has("done"), name);
  });

  test("whatever is not done and not being discarded can be discarded", () => {
    const kept = NAMES.filter((name) => !followers(name).includes("aborting"));

    assert.deepEqual(kept, ["aborting", "done"]);
  });

  test("bytes are sent only after a look at what S3 has, and done only after a proof", () => {
    const before = (to: StateName): StateName[] => NAMES.filter((from) => mayFollow(from, to));

    assert.deepEqual(before("uploading"), ["checking", "completing"]);
    assert.deepEqual(before("done"), ["comparing", "checking", "completing"]);
  });
});

suite("what a problem leads to", () => {
  const work = {} as Work;
  const cases: readonly (readonly [Problem["code"], refused: StateName, stopped: StateName])[] = [
    ["exists", "conflict", "conflict"],
    ["other_file", "otherFile", "otherFile"],
    ["differs", "refused", "differs"],
    ["not_owner", "refused", "elsewhere"],
    ["access_denied", "refused", "failed"],
  ];
  for (const [code, refused, stopped] of cases) {
    test(`${code}: ${refused} before there is a plan, ${stopped} afterwards`, () => {
      assert.equal(refusedBy(problem(code)).name, refused);
      assert.equal(stoppedBy(problem(code), work).name, stopped);
    });
  }

  test("a file that was stopped keeps its work, unless it is another file's", () => {
    const kept = cases.filter(([code]) => "work" in stoppedBy(problem(code), work));

    assert.deepEqual(
      kept.map(([code]) => code),
      ["exists", "differs", "not_owner", "access_denied"],
    );
  });

  test("a problem before there was a plan is told apart from one on the way", () => {
    assert.equal(isWithoutPlan(refusedBy(problem("exists"))), true);
    assert.equal(isWithoutPlan(stoppedBy(problem("exists"), work)), false);
    assert.equal(isWithoutPlan(state("picked")), false);
  });
});
