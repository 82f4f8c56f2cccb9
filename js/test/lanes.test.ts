/** How many parts a pool of connections gets at once. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Lanes } from "../src/net/lanes";

suite("lanes", () => {
  test("are halved where a store cannot keep up, and come back one by one", () => {
    const lanes = new Lanes();
    const counts = [lanes.count];
    for (let times = 0; times < 3; times += 1) {
      lanes.halve();
      counts.push(lanes.count);
    }
    assert.deepEqual(counts, [6, 3, 1, 1]);

    for (let parts = 0; parts < 30; parts += 1) lanes.widen();

    assert.equal(lanes.count, 6);
  });

  test("are many once the seventh request moves beside six others", () => {
    let times = 0;
    const lanes = new Lanes(true, () => {
      times += 1;
    });
    assert.equal(lanes.count, 7);

    lanes.shared();
    lanes.shared();

    assert.deepEqual([lanes.count, times], [64, 1]);
  });

  test("are six where the seventh request waits for one of them, time and again", () => {
    const lanes = new Lanes(true);

    for (let times = 0; times < 3; times += 1) lanes.waited();

    assert.equal(lanes.count, 6);
  });
});
