/** The states of one file: which may follow which, and what a problem makes of a file. */

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

const work = {} as Work;

function problem(code: Problem["code"]): Problem {
  return { code, message: "a reason" };
}

function may(from: StateName, to: StateName): boolean {
  try {
    checked(from, { name: to } as State);
    return true;
  } catch {
    return false;
  }
}

suite("a problem", () => {
  const NAMES: readonly (readonly [Problem["code"], refused: StateName, stopped: StateName])[] = [
    ["exists", "conflict", "conflict"],
    ["other_file", "otherFile", "otherFile"],
    ["differs", "refused", "differs"],
    ["not_owner", "refused", "elsewhere"],
    ["too_large", "refused", "failed"],
    ["file_changed", "refused", "failed"],
  ];

  for (const [code, refused, stopped] of NAMES) {
    test(`${code} makes a file ${refused} before it has a plan, and ${stopped} afterwards`, () => {
      assert.equal(refusedBy(problem(code)).name, refused);
      assert.equal(stoppedBy(problem(code), work).name, stopped);
    });
  }

  test("a conflict on the way keeps its work, one before a plan has none", () => {
    assert.equal(isWithoutPlan(refusedBy(problem("exists"))), true);
    assert.equal(isWithoutPlan(stoppedBy(problem("exists"), work)), false);
  });

  test("a file that is another one keeps no work", () => {
    assert.equal(isWithoutPlan(stoppedBy(problem("other_file"), work)), true);
  });

  test("a file without a problem may be planned, or is on its way", () => {
    assert.equal(isWithoutPlan({ name: "picked", held: false }), false);
    assert.equal(isWithoutPlan({ name: "uploading", work }), false);
  });
});

suite("which state may follow", () => {
  const MOVING = ["queued", "comparing", "checking", "uploading", "completing"] as const;
  const RESTING = ["paused", "failed", "conflict", "differs", "elsewhere"] as const;

  test("whatever moves may fail, and be taken over", () => {
    for (const name of MOVING) {
      assert.deepEqual(
        ["failed", "conflict", "elsewhere", "aborting"].map((next) => may(name, next as StateName)),
        [true, true, true, true],
        name,
      );
    }
  });

  test("whatever rests may be taken over, and be discarded", () => {
    for (const name of RESTING) {
      assert.deepEqual([may(name, "elsewhere"), may(name, "aborting")], [true, true], name);
    }
  });

  test("a file that another page took over has to be planned again", () => {
    assert.deepEqual([may("elsewhere", "picked"), may("elsewhere", "queued")], [true, false]);
  });

  test("only a file that is being sent can turn out to differ in parts", () => {
    const before = [...MOVING, ...RESTING].filter((name) => may(name, "differs"));

    assert.deepEqual(before, ["uploading"]);
  });

  test("nothing follows when the file is on S3", () => {
    for (const name of [...MOVING, ...RESTING, "picked", "refused", "aborting"] as const) {
      assert.equal(may("done", name), false, name);
    }
  });

  test("a way that no file can go is a defect", () => {
    assert.throws(
      () => checked("picked", { name: "aborting" }) && checked("done", { name: "aborting" }),
      {
        message: "an upload cannot go from done to aborting",
      },
    );
  });
});
