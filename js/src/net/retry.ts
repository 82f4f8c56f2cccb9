/** What to do about a part that was not stored, and how long to wait first. */

import { S3_ERRORS } from "../protocol";
import { tuning } from "../tuning";
import type { Answer } from "./put";

/** Full jitter: anything up to the doubled pause, so that many parts do not knock at once. */
export function pause(tries: number): number {
  return Math.random() * Math.min(tuning.retryCapMs, tuning.retryMs * 2 ** tries);
}

/** What an answer other than 2xx means for the part and its file. */
export type Verdict =
  | "sign again"
  | "slow down"
  | "hash again"
  | "gone"
  | "exists"
  | "incompatible"
  | "no conditions"
  | "try again";

/** The URL or its signature ran out, or the request dawdled: a fresh signature cures it. */
const STALE = new Set(["ExpiredToken", "RequestTimeout", "RequestExpired", "AccessDenied"]);
const BUSY = new Set(["SlowDown", "ServiceUnavailable", "Busy", "TooManyRequests"]);

/** The request was signed for another region than the bucket's. */
export function isOtherRegion({ status, code }: Answer & { kind: "refused" }): boolean {
  return status === 301 || status === 307 || code === "AuthorizationHeaderMalformed";
}

export function verdict(answer: Answer & { kind: "refused" }): Verdict {
  const { status, code } = answer;
  if (isOtherRegion(answer) || code === "NoSuchBucket") return "sign again";
  if (status === 404) return "gone";
  if (status === 412) return "exists";
  if (status === 503 || status === 429 || BUSY.has(code)) return "slow down";
  if (S3_ERRORS[code] === "integrity") return "hash again";
  if (code === "NotImplemented") return "no conditions";
  if (code === "InvalidRequest") return "incompatible";
  if (status === 401 || status === 403 || STALE.has(code)) return "sign again";
  return "try again";
}
