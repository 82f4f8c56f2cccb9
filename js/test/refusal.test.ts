/** What the page tells of S3's error documents. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { refusalIn } from "../src/net/refusal";
import { S3_ERRORS } from "../src/protocol";
import { refusedPart } from "../src/upload/problem";

function document(code: string, message: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`;
}

function problem(status: number, code: string, message: string) {
  const refusal = refusalIn(document(code, message));
  const answer = { kind: "refused", status, ...refusal, left: true, waitedMs: 0 } as const;
  return refusedPart({ name: "run7.csv", uri: "s3://lab-data/run7.csv" }, 1, answer);
}

function means(code: string): string | undefined {
  return S3_ERRORS[code];
}

suite("refusals", () => {
  test("a quota is no missing permission, and S3's own words are told", () => {
    const { code, message } = problem(403, "QuotaExceeded", "10 of 10 GB are used");

    assert.equal(code, "s3");
    assert.match(message, /403 QuotaExceeded.*10 of 10 GB are used/);
    assert.doesNotMatch(message, /s3:PutObject/);
  });

  test("a code that nobody knows is told beside the permission that may be missing", () => {
    const { code, message } = problem(403, "SomethingNew", "ask the owner");

    assert.equal(code, "access_denied");
    assert.match(message, /403 SomethingNew.*ask the owner.*s3:PutObject/);
  });

  test("page and kernel read the codes by one table", () => {
    assert.equal(means("RequestExpired"), "clock_skew");
    assert.equal(problem(403, "AccessDenied", "Request has expired").code, "clock_skew");
    assert.equal(means("InvalidDigest"), "integrity");
    assert.equal(means("XAmzContentSHA256Mismatch"), "integrity");
  });

  test("no secret is told", () => {
    const secrets = [
      "https://s3/key?X-Amz-Signature=abcdef&amp;uploadId=qwertz",
      "AKIAIOSFODNN7EXAMPLE",
      "uploadId: VXBsb2Fk",
      "x".repeat(60),
    ];
    const { said } = refusalIn(document("Odd", `see ${secrets.join(" and ")} &quot;now&quot;`));

    assert.equal(said, 'see https://s3/key… and … and … and … "now"');
  });
});
