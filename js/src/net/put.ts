/** The only XMLHttpRequest: one PUT of one part. `fetch` knows no upload progress. */

import { read } from "../reading";
import { type Answer, answerOf, type Departure } from "./answer";
import type { Track } from "./line";
import type { Pool } from "./pool";

export interface PartRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Blob;
  /** How often the part was sent before. */
  readonly tries: number;
}

/**
 * Safari 26 never ends a request whose body is a slice of a file (it stores the bytes, answers
 * 200, and stays in readyState 3), so there the bytes are read first.
 */
const READS_FIRST = /^((?!chrom|android).)*safari/i.test(navigator.userAgent);

/**
 * PUT one part.
 *
 * @param pool whose connections it takes.
 * @param track learns when all of it has left, and may have it give way.
 * @param onProgress is called with the bytes that left so far.
 * @throws the signal's reason if it aborts; in Safari FileChangedError if the file cannot be read.
 */
export async function put(
  part: PartRequest,
  { health, mode }: Pool,
  track: Track,
  onProgress: (bytesSent: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  const body = READS_FIRST ? await read(part.body) : part.body;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let leftAt = Number.POSITIVE_INFINITY;
    const departure = (): Departure => ({
      left: leftAt < Number.POSITIVE_INFINITY || !health.showsProgress,
      waitedMs: Math.max(0, Date.now() - leftAt),
    });
    const flight = health.start(part.tries, (kind) => settle({ kind, ...departure() }));
    const abort = (): void => {
      finish();
      reject(signal.reason);
    };
    const finish = (): void => {
      flight.end();
      signal.removeEventListener("abort", abort);
      request.onloadend = null;
      request.abort();
    };
    const settle = (answer: Answer): void => {
      finish();
      resolve(answer);
    };
    signal.addEventListener("abort", abort, { once: true });
    track.onGiveWay = () => settle({ kind: "gave way", ...departure() });
    request.upload.onprogress = (event) => {
      if (event.loaded > 0) flight.moved();
      onProgress(event.loaded);
    };
    request.upload.onload = () => {
      leftAt = Date.now();
      flight.left();
      track.left();
    };
    request.onloadend = () => {
      const { status, responseText } = request;
      settle(answerOf({ status, document: responseText, etag: etagOf(request) }, departure()));
    };
    request.open("PUT", part.url);
    request.withCredentials = mode === "include";
    for (const [name, value] of Object.entries(part.headers)) request.setRequestHeader(name, value);
    request.send(body);
  });
}

/** Asked for by its name, a header that may not be read is an error on the console. */
function etagOf(request: XMLHttpRequest): string {
  return /^etag: *(.*)$/im.exec(request.getAllResponseHeaders())?.[1]?.trim() ?? "";
}
