/** How a file is cut, and what becomes of each part on its way. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Parts, RELAYED } from "../src/upload/parts";
import { checksums, cut, found, MiB, put, signed } from "./files";

function lengths(parts: Parts): number[] {
  return Array.from({ length: parts.total }, (_, index) => parts.length(index + 1));
}

/** Each part's bytes are hashed and differ from every other's. */
function hashAll(parts: Parts): void {
  for (let number = 1; number <= parts.total; number += 1) {
    parts.hashing(number);
    parts.hashed(number, checksums(`part ${number}`));
  }
}

suite("cutting", () => {
  test("an empty file is one empty part", () => {
    const parts = cut(0, 5 * MiB);

    assert.deepEqual(lengths(parts), [0]);
    assert.equal(parts.offset(1), 0);
    assert.equal(parts.unsent, 1);
  });

  test("a file of at most one part is one part of its own size", () => {
    for (const size of [1, 5 * MiB - 1, 5 * MiB])
      assert.deepEqual(lengths(cut(size, 5 * MiB)), [size]);
  });

  test("the last part has what is left", () => {
    assert.deepEqual(lengths(cut(25, 10)), [10, 10, 5]);
    assert.deepEqual(lengths(cut(21, 10)), [10, 10, 1]);
    assert.deepEqual(lengths(cut(20, 10)), [10, 10]);
  });

  test("ten thousand parts tile a file without a gap", () => {
    const size = 10_000 * 16 * MiB - 7;
    const parts = cut(size, 16 * MiB);

    assert.equal(parts.total, 10_000);
    for (let number = 1; number < parts.total; number += 1) {
      assert.equal(parts.offset(number) + parts.length(number), parts.offset(number + 1));
    }
    assert.equal(parts.offset(10_000) + parts.length(10_000), size);
  });

  test("a small file counts for less than a part in what is done ahead, but for something", () => {
    assert.equal(cut(25, 10).weight, 1);
    assert.equal(cut(5, 10).weight, 0.5);
    assert.equal(cut(0, 10).weight, 0.1);
  });
});

suite("the way of a part", () => {
  test("a part is hashed, signed, sent and stored", () => {
    const parts = cut(25, 10);

    assert.equal(parts.next("hash"), 1);
    parts.hashing(1);
    assert.equal(parts.next("hash"), 2);
    parts.hashed(1, checksums("one"));
    assert.deepEqual(parts.toSign(), [1]);
    parts.signing(1);
    assert.deepEqual(parts.toSign(), []);
    parts.signed(1, signed(1));
    assert.equal(parts.next("send"), 1);
    assert.deepEqual(parts.sending(1), signed(1));
    assert.equal(parts.next("send"), undefined);
    parts.store(1);

    assert.equal(parts.stored, 1);
    assert.equal(parts.unsent, 2);
    assert.equal(parts.step(1), "stored");
  });

  test("every part is handed out once, in its order", () => {
    const parts = cut(10_000, 1);
    const seen: number[] = [];

    for (let next = parts.next("hash"); next !== undefined; next = parts.next("hash")) {
      parts.hashing(next);
      seen.push(next);
    }

    assert.deepEqual(
      seen,
      Array.from({ length: 10_000 }, (_, index) => index + 1),
    );
  });

  test("a part without a URL cannot be sent", () => {
    const parts = cut(25, 10);
    hashAll(parts);

    assert.throws(() => parts.sending(2), /part 2 has no URL/);
  });

  test("a part whose bytes have to be read again is hashed again", () => {
    const parts = cut(25, 10);
    put(parts, 1);

    parts.unhash(1);

    assert.equal(parts.step(1), "hash");
    assert.deepEqual(parts.inFlight, []);
    assert.equal(parts.busy, false);
  });

  test("a part whose URL ran out is signed again, and not sent by the old one", () => {
    const parts = cut(25, 10);
    put(parts, 1);

    parts.unsign(1);

    assert.deepEqual(parts.toSign(), [1]);
    assert.deepEqual(parts.waiting(), []);
    assert.throws(() => parts.sending(1), /no URL/);
  });

  test("a part that did not arrive is sent again by the same URL", () => {
    const parts = cut(25, 10);
    put(parts, 1);

    parts.unsend(1);

    assert.deepEqual(parts.waiting(), [[1, signed(1)]]);
    assert.deepEqual(parts.sending(1), signed(1));
  });

  test("a URL that comes while the part rests takes no part out of its pause", () => {
    const parts = cut(25, 10);
    put(parts, 1);
    parts.rest(1);

    parts.signed(1, signed(1, 5));

    assert.equal(parts.step(1), "resting");
    assert.equal(parts.resting, 1);
    parts.unsend(1);
    assert.deepEqual(parts.waiting(), [[1, signed(1, 5)]]);
  });

  test("a fresh URL replaces the one of a part that waits to be sent", () => {
    const parts = cut(25, 10);
    hashAll(parts);
    parts.signed(1, signed(1));

    parts.signed(1, signed(1, 5));

    assert.deepEqual(parts.waiting(), [[1, signed(1, 5)]]);
  });

  test("a part has failed until it is tried again or stored", () => {
    const parts = cut(25, 10);
    for (const number of [1, 2]) {
      put(parts, number);
      parts.failed(number);
      assert.equal(parts.hasFailed(number), true);
    }

    parts.unsend(1);
    parts.sending(1);
    parts.store(2);

    assert.equal(parts.hasFailed(1), false);
    assert.equal(parts.hasFailed(2), false);
  });

  test("a new try of the one part forgets that its key was taken", () => {
    const parts = cut(5, 10);
    put(parts, 1);
    parts.taken = true;
    parts.unsend(1);

    parts.sending(1);

    assert.equal(parts.taken, false);
  });

  test("an object that is there already stores every part", () => {
    const parts = cut(25, 10);
    put(parts, 2);

    parts.storeAll();

    assert.deepEqual([parts.stored, parts.unsent, parts.bytesDone], [3, 0, 25]);
    assert.equal(parts.busy, false);
  });

  test("the checksums of all parts come in their order, and only when all are known", () => {
    const parts = cut(25, 10);
    for (const number of [3, 1]) put(parts, number);

    assert.throws(() => parts.allChecksums(), /part 2 was never hashed/);

    put(parts, 2);
    assert.deepEqual(
      parts.allChecksums(),
      [1, 2, 3].map((number) => checksums(`part ${number}`)),
    );
  });
});

suite("counting", () => {
  test("parts that are hashed and not on the wire are ahead, those that are signed are ready", () => {
    const parts = cut(50, 10);
    parts.hashing(1);
    for (const number of [2, 3, 4]) {
      parts.hashing(number);
      parts.hashed(number, checksums(`part ${number}`));
    }
    parts.signing(3);
    parts.signed(4, signed(4));

    assert.deepEqual([parts.ahead, parts.ready, parts.unsent], [4, 1, 5]);
    parts.sending(4);
    assert.deepEqual([parts.ahead, parts.ready, parts.unsent], [3, 0, 4]);
  });

  test("bytes on the wire count, and those of each part in flight are told", () => {
    const parts = cut(25, 10);
    put(parts, 1);
    put(parts, 3);

    parts.sent(1, 4);
    parts.sent(3, 2);

    assert.equal(parts.bytesDone, 6);
    assert.deepEqual(parts.inFlight, [
      [1, 4],
      [3, 2],
    ]);
    assert.equal(parts.busy, true);
  });

  test("progress never falls while a part is sent again", () => {
    const parts = cut(25, 10);
    put(parts, 1);
    parts.sent(1, 8);
    parts.failed(1);
    parts.unsend(1);

    parts.sending(1);
    assert.equal(parts.bytesDone, 8);
    parts.sent(1, 3);
    assert.equal(parts.bytesDone, 8);
    assert.deepEqual(parts.inFlight, [[1, 3]]);
    parts.sent(1, 9);
    assert.equal(parts.bytesDone, 9);
  });

  test("a part never counts for more than its bytes", () => {
    const parts = cut(25, 10);
    put(parts, 3);

    parts.sent(3, 1000);
    assert.equal(parts.bytesDone, 5);
    parts.store(3);
    parts.store(3);

    assert.equal(parts.bytesDone, 5);
  });

  test("what changes is counted, and a look is no change", () => {
    const parts = cut(25, 10);
    const before = parts.changes;

    parts.next("hash");
    parts.toSign();
    assert.equal(parts.changes, before);
    parts.hashing(1);

    assert.notEqual(parts.changes, before);
  });
});

suite("parts that S3 holds already", () => {
  test("a found part is compared before it counts", () => {
    const parts = cut(25, 10);

    parts.offer([found(parts, 2, "two")]);

    assert.equal(parts.hasFound, true);
    assert.equal(parts.stored, 0);
    assert.deepEqual(parts.toProve(), [2]);
    assert.equal(parts.next("prove"), 2);
    assert.equal(parts.compared(2, checksums("two")), true);
    assert.deepEqual([parts.stored, parts.bytesDone], [1, 10]);
    assert.deepEqual(parts.toProve(), []);
  });

  test("a found part of other bytes is not stored, and is sent only when that is decided", () => {
    const parts = cut(25, 10);
    parts.offer([found(parts, 1, "other"), found(parts, 3, "three")]);

    assert.equal(parts.compared(1, checksums("one")), false);
    assert.equal(parts.compared(3, checksums("three")), true);
    assert.deepEqual([parts.stored, parts.differing], [1, 1]);
    assert.deepEqual(parts.toSign(), []);
    parts.sendDiffering();

    assert.deepEqual([parts.differing, parts.toSign()], [0, [1]]);
  });

  test("a found part of another length, or beyond the end, is not this file's", () => {
    const parts = cut(25, 10);

    parts.offer([
      { ...found(parts, 1, "one"), size: 9 },
      { ...found(parts, 3, "three"), size: 10 },
      { ...found(parts, 3, "four"), part_number: 4 },
    ]);

    assert.equal(parts.hasFound, false);
    assert.deepEqual(parts.toProve(), []);
  });

  test("a part that was hashed already is proven without reading it again", () => {
    const parts = cut(25, 10);
    hashAll(parts);
    parts.signed(2, signed(2));

    parts.offer([found(parts, 1, "part 1"), found(parts, 2, "part 2"), found(parts, 3, "other")]);

    assert.equal(parts.stored, 2);
    assert.deepEqual(parts.waiting(), []);
    assert.deepEqual(parts.toSign(), [3]);
  });

  test("parts on the wire and stored parts are left alone", () => {
    const parts = cut(25, 10);
    put(parts, 1);
    put(parts, 2);
    parts.store(2);

    parts.offer([found(parts, 1, "other"), found(parts, 2, "other")]);

    assert.deepEqual([parts.step(1), parts.step(2)], ["sending", "stored"]);
    assert.deepEqual(parts.toProve(), []);
  });

  test("SHA-256 decides where S3 lists it, else MD5, and nothing proves nothing", () => {
    const mine = checksums("mine");
    const cases: readonly (readonly [sha256: string, md5: string, same: boolean])[] = [
      [mine.sha256, mine.md5, true],
      [mine.sha256, "other", true],
      ["other", mine.md5, false],
      ["", mine.md5, true],
      ["", "other", false],
      ["", "", false],
    ];
    for (const [sha256, md5, same] of cases) {
      const parts = cut(10, 10);
      parts.offer([{ part_number: 1, size: 10, sha256, md5 }]);
      assert.equal(parts.compared(1, mine), same, `${sha256} ${md5}`);
      assert.equal(parts.stored, same ? 1 : 0);
    }
  });

  test("two empty MD5s are no proof", () => {
    const parts = cut(10, 10);
    parts.offer([{ part_number: 1, size: 10, sha256: "", md5: "" }]);

    assert.equal(parts.compared(1, { sha256: "mine", md5: "" }), false);
    assert.equal(parts.differing, 1);
  });

  test("a comparison that was interrupted is made again", () => {
    const parts = cut(25, 10);
    parts.offer([found(parts, 1, "one")]);
    parts.hashing(1);

    assert.deepEqual(parts.toProve(), [1]);
    assert.equal(parts.next("prove"), undefined);
    parts.unprove(1);

    assert.equal(parts.next("prove"), 1);
  });

  test("an older comparison decides nothing about a part that moved on", () => {
    const parts = cut(25, 10);
    parts.offer([found(parts, 1, "other")]);
    parts.compared(1, checksums("one"));
    parts.sendDiffering();

    parts.compared(1, checksums("other"));
    parts.unprove(1);

    assert.equal(parts.stored, 0);
    assert.deepEqual(parts.toSign(), [1]);
  });

  test("parts to prove come in their order, whether or not one is being compared", () => {
    const parts = cut(50, 10);
    parts.offer([5, 3, 1].map((number) => found(parts, number, `part ${number}`)));
    parts.hashing(3);
    parts.hashing(2);

    assert.deepEqual(parts.toProve(), [1, 3, 5]);
    assert.deepEqual(parts.found(3), found(parts, 3, "part 3"));
    assert.equal(parts.found(2), undefined);
  });
});

suite("parts whose answer was lost", () => {
  /** Part 1 of 2 has left as a whole, and its answer was lost. */
  function lost(refused: boolean): Parts {
    const parts = cut(20, 10);
    hashAll(parts);
    parts.signed(1, signed(1));
    parts.sending(1);
    parts.sent(1, 10);
    parts.doubted(1, { until: 100, everyMs: 5, refused });
    parts.unsign(1);
    return parts;
  }

  test("is in doubt until it is found, or was looked for long enough", () => {
    const found = lost(true);
    const again = lost(true);
    assert.deepEqual([found.doubtful, found.isSent], [1, true]);

    found.store(1);
    again.signed(1, signed(1, 99));
    assert.notEqual(again.doubt(1), undefined);
    again.signed(1, signed(1, 100));

    assert.deepEqual([found.doubtful, again.doubtful], [0, 0]);
    assert.deepEqual([found.doubt(1), again.doubt(1)], [undefined, undefined]);
  });

  test("shows progress once its bytes are seen to leave, and not because it is stored", () => {
    const hidden = cut(25, 10);
    hashAll(hidden);
    hidden.signed(1, signed(1));
    hidden.sending(1);
    hidden.store(1);

    assert.deepEqual([hidden.showsProgress, lost(true).showsProgress], [false, true]);
  });

  test("is left alone: until the kernel looks again, or sends it itself", () => {
    const direct = lost(true);
    const relayed = lost(true);
    direct.signed(1, signed(1));
    relayed.signed(1, { ...signed(1), presigned: RELAYED });

    const rests = [direct, relayed].map((parts) => [40, 100].map((now) => parts.restMs(1, now)));

    assert.deepEqual(rests, [
      [5, 5],
      [60, 0],
    ]);
    assert.equal(cut(25, 10).restMs(1), 0);
  });

  test("counts as far as it was sent, unless its bytes were refused and are not found", () => {
    for (const refused of [true, false]) {
      const parts = lost(refused);
      assert.equal(parts.bytesDone, 10);

      parts.signed(1, signed(1, 100));

      assert.equal(parts.bytesDone, refused ? 0 : 10);
    }
  });

  test("counts once, however often it is sent", () => {
    const parts = lost(true);
    parts.signed(1, signed(1, 100));
    parts.sending(1);
    parts.sent(1, 4);
    parts.takeBack(1);
    parts.sent(1, 10);
    parts.store(1);

    assert.equal(parts.bytesDone, 10);
  });
});
