/** What an answer of S3 means for a part, and how long a part waits before it is tried again. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { Answer } from "../src/net/put";
import { isOtherRegion, pause, type Verdict, verdict } from "../src/net/retry";
import { tuning } from "../src/tuning";

function refused(status: number, code = ""): Answer & { kind: "refused" } {
  return { kind: "refused", status, code, action: "", said: "" };
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
  [501, "NotImplemented", "no conditions"],
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
