/** What became of a PUT, whoever sent it. Sends nothing. */

import { GATEWAY_STATUSES } from "../protocol";
import type { Reason } from "./health";
import { type Refusal, refusalIn } from "./refusal";

/** What the store answered, whoever asked it; status 0 is nothing. */
interface StoreAnswer {
  readonly status: number;
  readonly document: string;
  /** Empty where it cannot be seen. */
  readonly etag: string;
}

/** What is known of a request's body. */
export interface Departure {
  /** Whether all of it left, as far as can be seen: the store may have it. */
  readonly left: boolean;
  /** How long the answer was waited for since then, in milliseconds. */
  readonly waitedMs: number;
}

/**
 * What became of a PUT. `lost` is no answer at all, or one the browser hides for want of CORS; the
 * page itself cut what `stalled` alone, what was on the wire when the store fell `quiet`, and what
 * `gave way` to another part on a slow line.
 */
export type Answer =
  /** The ETag is empty where the page may not read it. */
  | { readonly kind: "stored"; readonly etag: string }
  | ({ readonly kind: "refused"; readonly status: number } & Refusal & Departure)
  /** Something before the store answered in its place, as it got no answer itself. */
  | ({ readonly kind: "gateway"; readonly status: number } & Departure)
  | ({ readonly kind: "lost" | "gave way" | Reason } & Departure);

/** The answer to a PUT. */
export function answerOf({ status, document, etag }: StoreAnswer, departure: Departure): Answer {
  if (status === 0) return { kind: "lost", ...departure };
  if (status >= 200 && status < 300) return { kind: "stored", etag };
  const refusal = refusalIn(document);
  const isGateway = GATEWAY_STATUSES.includes(status) && refusal.code === "";
  if (isGateway) return { kind: "gateway", status, ...departure };
  return { kind: "refused", status, ...refusal, ...departure };
}
