/** The only XMLHttpRequest: one PUT of one part. `fetch` knows no upload progress. */

import { tuning } from "../tuning";
import { type Refusal, refusalIn } from "./refusal";

/** What became of a PUT. `lost` is no answer at all, or one the browser hides for want of CORS. */
export type Answer =
  | { readonly kind: "stored" }
  | ({ readonly kind: "refused"; readonly status: number } & Refusal)
  | { readonly kind: "lost" }
  | { readonly kind: "stalled" };

export interface PartRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
}

/**
 * Safari 26 never ends a request whose body is a slice of a file (it stores the bytes, answers
 * 200, and stays in readyState 3), so there the bytes are read first.
 */
const READS_FIRST = /^((?!chrom|android).)*safari/i.test(navigator.userAgent);

/** The last byte is out and the store checks, or assembles: it may take longer to answer. */
const ANSWER_STALLS = 4;

/** Requests in flight, oldest first: only the oldest may count as stalled before it moves. */
const inFlight: StallClock[] = [];

class StallClock {
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stalled: () => void;

  constructor(stalled: () => void) {
    this.#stalled = stalled;
    inFlight.push(this);
    if (inFlight[0] === this) this.begin();
  }

  /** It is the oldest now: what moves already, or waits for its answer, keeps the time it has. */
  begin(): void {
    if (this.#timer === undefined) this.restart();
  }

  restart(stalls = 1): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#stalled, tuning.stallMs * stalls);
  }

  stop(): void {
    clearTimeout(this.#timer);
    const wasOldest = inFlight[0] === this;
    inFlight.splice(inFlight.indexOf(this), 1);
    if (wasOldest) inFlight[0]?.begin();
  }
}

/**
 * PUT one part.
 *
 * @param onProgress is called with the bytes that left so far.
 * @throws the signal's reason if it aborts; in Safari a DOMException if the file cannot be read.
 */
export async function put(
  part: PartRequest,
  onProgress: (bytesSent: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const body = READS_FIRST ? await part.body.arrayBuffer() : part.body;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const clock = new StallClock(() => settle({ kind: "stalled" }));
    const abort = (): void => {
      finish();
      reject(signal.reason);
    };
    const finish = (): void => {
      clock.stop();
      signal.removeEventListener("abort", abort);
      request.onloadend = null;
      request.abort();
    };
    const settle = (answer: Answer): void => {
      finish();
      resolve(answer);
    };
    signal.addEventListener("abort", abort, { once: true });
    request.upload.onprogress = (event) => {
      clock.restart();
      onProgress(event.loaded);
    };
    request.upload.onload = () => clock.restart(ANSWER_STALLS);
    request.onloadend = () => settle(answerOf(request));
    request.open("PUT", part.url);
    for (const [name, value] of Object.entries(part.headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

function answerOf(request: XMLHttpRequest): Answer {
  if (request.status === 0) return { kind: "lost" };
  if (request.status >= 200 && request.status < 300) return { kind: "stored" };
  return { kind: "refused", status: request.status, ...refusalIn(request.responseText) };
}
