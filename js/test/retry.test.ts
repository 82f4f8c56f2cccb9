/** What an answer of S3 means for a part, and how long a part waits before it is tried again. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type Answer, answerOf } from "../src/net/answer";
import {
  isOtherRegion,
  isTooMuch,
  mayTurnUp,
  pause,
  type Verdict,
  verdict,
} from "../src/net/retry";
import { tuning } from "../src/tuning";

function refused(status: number, code = ""): Answer & { kind: "refused" } {
  return { kind: "refused", status, code, action: "", said: "", left: true, waitedMs: 60_000 };
}

const CASES: readonly (readonly [status: number, code: string, verdict: Verdict])[] = [
  [301, "PermanentRedirect", "sign again"],
  [307, "TemporaryRedirect", "sign again"],
  [400, "AuthorizationHeaderMalformed", "sign again"],
  [400, "ExpiredToken", "sign again"],
  [400, "RequestTimeout", "sign again"],
  [400, "BadDigest", "hash again"],
  [400, "InvalidDigest", "hash again"],
  [400, "XAmzContentChecksumMismatch", "hash again"],
  [400, "XAmzContentSHA256Mismatch", "hash again"],
  [400, "InvalidRequest", "incompatible"],
  [400, "SomethingElse", "try again"],
  [401, "", "sign again"],
  [403, "AccessDenied", "sign again"],
  [403, "SignatureDoesNotMatch", "sign again"],
  [403, "", "sign again"],
  [404, "NoSuchBucket", "sign again"],
  [404, "NoSuchUpload", "gone"],
  [404, "", "gone"],
  [412, "PreconditionFailed", "exists"],
  [413, "", "try again"],
  [429, "", "slow down"],
  [500, "InternalError", "try again"],
  [501, "NotImplemented", "try again"],
  [502, "", "try again"],
  [503, "SlowDown", "slow down"],
  [503, "", "slow down"],
  [400, "TooManyRequests", "slow down"],
];

suite("verdicts", () => {
  for (const [status, code, expected] of CASES) {
    test(`${status} ${code || "without a code"} means: ${expected}`, () => {
      assert.equal(verdict(refused(status, code)), expected);
    });
  }

  test("only a redirect, or a signature for another region, says that the bucket is elsewhere", () => {
    const elsewhere = CASES.filter(([status, code]) => isOtherRegion(refused(status, code)));

    assert.deepEqual(
      elsewhere.map(([status]) => status),
      [301, 307, 400],
    );
  });
});

suite("answers in the store's place", () => {
  const LEFT = { left: true, waitedMs: 60_000 } as const;

  function answer(status: number, document: string): Answer {
    return answerOf({ status, document, etag: "" }, LEFT);
  }

  for (const status of [408, 499, 502, 503, 504, 522]) {
    test(`${status} without a code of S3's is a gateway's`, () => {
      for (const document of ["", "<html>502 Bad Gateway</html>", "<Error><Code></Code></Error>"]) {
        assert.deepEqual(answer(status, document), { kind: "gateway", status, ...LEFT });
      }
    });

    test(`${status} with one is S3's own`, () => {
      assert.equal(answer(status, "<Error><Code>SlowDown</Code></Error>").kind, "refused");
    });
  }

  test("other errors are S3's, with a code or without", () => {
    for (const status of [400, 403, 404, 413, 429, 500, 501])
      assert.equal(answer(status, "<html>").kind, "refused");
  });

  test("a gateway that has no server free, or waited in vain, gets less at once", () => {
    const busy = [408, 502, 503, 504].filter((status) => isTooMuch(answer(status, "")));

    assert.deepEqual(busy, [503, 504]);
    assert.equal(isTooMuch({ kind: "stalled", ...LEFT }), true);
    assert.equal(isTooMuch({ kind: "stalled", left: false, waitedMs: 0 }), false);
    assert.equal(isTooMuch({ kind: "lost", ...LEFT }), false);
  });
});

suite("pauses", () => {
  /** The longest pause that chance allows. */
  function longest(tries: number, chance = 1): number {
    const { random } = Math;
    Math.random = () => chance;
    try {
      return pause(tries);
    } finally {
      Math.random = random;
    }
  }

  test("the longest pause doubles with each try, up to its cap", () => {
    assert.deepEqual(
      [0, 1, 2, 3].map((tries) => longest(tries)),
      [500, 1000, 2000, 4000],
    );
    assert.equal(longest(6), tuning.retryCapMs);
    assert.equal(longest(1000), tuning.retryCapMs);
  });

  test("chance decides over the whole pause, so that parts do not come back at once", () => {
    assert.equal(longest(3, 0), 0);
    assert.equal(longest(3, 0.25), 1000);
  });
});

suite("parts that may yet turn up", () => {
  const LEFT = { left: true, waitedMs: 60_000 } as const;

  test("a gateway that gave up, and a lost answer, leave the store half as long again", () => {
    const answers: readonly Answer[] = [
      ...[408, 499, 500, 502, 504].map((status) => refused(status)),
      { kind: "gateway", status: 502, ...LEFT },
      { kind: "lost", ...LEFT },
    ];

    assert.deepEqual(new Set(answers.map(mayTurnUp)), new Set([30_000]));
  });

  test("what the page itself cut is looked for once", () => {
    assert.deepEqual(
      (["stalled", "quiet"] as const).map((kind) => mayTurnUp({ kind, ...LEFT })),
      [0, 0],
    );
  });

  test("what was stored, refused, or never left as a whole, is not looked for", () => {
    const none: readonly Answer[] = [
      { kind: "stored", etag: "" },
      ...[403, 412, 413, 501, 503].map((status) => refused(status)),
      { ...refused(504), left: false },
      { kind: "lost", left: false, waitedMs: 0 },
      { kind: "quiet", left: false, waitedMs: 0 },
    ];

    assert.deepEqual(new Set(none.map(mayTurnUp)), new Set([undefined]));
  });
});
