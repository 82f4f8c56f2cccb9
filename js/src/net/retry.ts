/** What to do about a part that was not stored, and how long to wait first. */

import { S3_ERRORS } from "../protocol";
import { tuning } from "../tuning";
import type { Answer } from "./answer";

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
  | "try again";

/** The URL or its signature ran out, or the request dawdled: a fresh signature cures it. */
const STALE = new Set(["ExpiredToken", "RequestTimeout", "RequestExpired", "AccessDenied"]);
/** A gateway gave up, or the client did: the store behind it may go on. */
const GAVE_UP = new Set([408, 499, 500, 502, 504]);
const BUSY = new Set(["SlowDown", "ServiceUnavailable", "Busy", "TooManyRequests"]);

/** The request was signed for another region than the bucket's. */
export function isOtherRegion({ status, code }: Answer & { kind: "refused" }): boolean {
  return status === 301 || status === 307 || code === "AuthorizationHeaderMalformed";
}

/** Whether a proxy may have refused the request, or changed it: it is no matter of time. */
export function isInBetween({ status, code }: Answer & { kind: "refused" }): boolean {
  return status === 413 || code === "SignatureDoesNotMatch";
}

/**
 * Whether a refusal may be of the one name that was sent to, and not of the store.
 *
 * @param refusals that the part got before.
 */
export function isOfName(answer: Answer & { kind: "refused" }, refusals: number): boolean {
  if (isInBetween(answer) || isOtherRegion(answer) || answer.code === "NoSuchBucket") return true;
  const decision = verdict(answer);
  return refusals > 0 && (decision === "sign again" || decision === "try again");
}

/** Whether the store, or what lies before it, could not keep up. */
export function isTooMuch(answer: Answer): boolean {
  if (answer.kind === "gateway") return answer.status === 503 || answer.status === 504;
  return answer.kind === "stalled" && answer.left;
}

export function verdict(answer: Answer & { kind: "refused" }): Verdict {
  const { status, code } = answer;
  if (isOtherRegion(answer) || code === "NoSuchBucket") return "sign again";
  if (status === 404) return "gone";
  if (status === 412) return "exists";
  if (status === 503 || status === 429 || BUSY.has(code)) return "slow down";
  if (S3_ERRORS[code] === "integrity") return "hash again";
  if (code === "InvalidRequest") return "incompatible";
  if (status === 401 || status === 403 || STALE.has(code)) return "sign again";
  return "try again";
}

/**
 * How long a part may yet turn up on S3 that has left as a whole, in milliseconds; undefined if it
 * cannot. A store that was slower than its gateway, was so by the same measure.
 */
export function mayTurnUp(answer: Answer): number | undefined {
  switch (answer.kind) {
    case "stored":
      return undefined;
    case "refused":
      if (!GAVE_UP.has(answer.status) || verdict(answer) !== "try again") return undefined;
      return answer.left ? answer.waitedMs / 2 : undefined;
    case "gateway":
    case "lost":
      return answer.left ? answer.waitedMs / 2 : undefined;
    default:
      return answer.left ? 0 : undefined;
  }
}
