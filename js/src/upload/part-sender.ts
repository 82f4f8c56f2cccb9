/** Sends the parts of one file, and acts on each answer of S3. Knows no kernel. */

import { delay, Notify } from "../async";
import type { Answer } from "../net/answer";
import { lineTo } from "../net/line";
import type { Mode, Outcome, Pool } from "../net/pool";
import { put } from "../net/put";
import { isInBetween, isOfName, isTooMuch, mayTurnUp, pause, verdict } from "../net/retry";
import type { PresignedPart } from "../protocol";
import { checkReadable, GUARDS_FILES, isFileChanged } from "../reading";
import { text } from "../text/text";
import { tuning } from "../tuning";
import { Look } from "./look";
import type { Parts, SignedPart } from "./parts";
import { fileChanged, problemOf, refusedPart } from "./problem";
import type { FileRequests } from "./requests";
import type { AttemptEvents } from "./states";
import type { Work } from "./work";

/** How often a part that may yet turn up is looked for, before it is sent again. */
const LOOKS = 4;

/** A second 403 to a fresh signature is no matter of time. */
const SIGNATURE_TRIES = 3;

/** Refusals that may be a proxy's: one for each lane, and three more, one after the other. */
const IN_BETWEEN_TRIES = 9;

/** How a part was sent. */
interface Way {
  readonly pool: Pool;
  readonly by: SignedPart["presigned"];
}

export class PartSender {
  readonly #file: File;
  readonly #relay: FileRequests["relay"];
  readonly #events: AttemptEvents;
  readonly #signal: AbortSignal;
  readonly #tries = new Tries();
  readonly #restsEnd = new Notify();
  /** Parts that S3 keeps refusing, while somebody still looks for the reason. */
  #hopeless = 0;

  /** @param relay sends a part through the kernel. */
  constructor(
    file: File,
    relay: FileRequests["relay"],
    events: AttemptEvents,
    signal: AbortSignal,
  ) {
    this.#file = file;
    this.#relay = relay;
    this.#events = events;
    this.#signal = signal;
  }

  /** Parts that rest may be tried again at once. */
  endRests(): void {
    this.#restsEnd.notify();
  }

  /** Send the next part for a pool whose URL is still good; undefined if there is none. */
  sendNext(work: Work, pool: Pool): Promise<Outcome> | undefined {
    const { parts } = work;
    if (this.#hopeless > 0) return undefined;
    for (const [number, { presigned, origin, signedAt }] of parts.waiting()) {
      if (origin !== pool.origin) continue;
      const restMs = parts.restMs(number);
      if (restMs > 0) {
        void this.#rest(parts, number, restMs, "unsign");
      } else if (Date.now() < signedAt + presigned.expires_in * 1000) {
        return this.#send(work, number, pool);
      } else {
        parts.unsign(number);
      }
    }
    return undefined;
  }

  async #send(work: Work, number: number, pool: Pool): Promise<Outcome> {
    const { parts } = work;
    const perhapsStored = parts.doubt(number) !== undefined;
    const { presigned } = parts.sending(number);
    try {
      const answer =
        presigned.kind === "presigned_part"
          ? await this.#put(work, number, presigned, pool)
          : await this.#sendThroughKernel(parts, number, perhapsStored);
      return this.#answered(work, number, answer, { pool, by: presigned });
    } catch (error) {
      parts.unsend(number);
      this.#events.ready();
      if (!this.#signal.aborted) this.#events.failed(problemOf(error, this.#file.name));
      return "stopped";
    }
  }

  #sendThroughKernel(parts: Parts, number: number, perhapsStored: boolean): Promise<Answer> {
    const checksums = parts.checksums(number);
    if (checksums === undefined) throw new Error(`part ${number} was never hashed`);
    // The kernel hears itself what S3 refuses.
    const part = {
      part_number: number,
      ...checksums,
      refused: [],
      perhaps_stored: perhapsStored,
    };
    const onProgress = (bytes: number): void => {
      parts.sent(number, bytes);
      this.#events.progressed();
    };
    return this.#relay(part, this.#body(parts, number), onProgress, this.#signal);
  }

  async #put(
    work: Work,
    number: number,
    { url, headers }: PresignedPart,
    pool: Pool,
  ): Promise<Answer> {
    const { plan, parts } = work;
    const track = lineTo(plan.store).start(parts.length(number));
    const tries = this.#tries.sent(number) - 1;
    const isFile = parts.total === 1 && mayBeBody(this.#file, headers);
    const body = isFile ? this.#file : this.#body(parts, number);
    const look = new Look(body);
    const onProgress = (bytes: number): void => {
      look.later();
      track.moved(bytes);
      parts.sent(number, bytes);
      this.#events.progressed();
    };
    try {
      const part = { url, headers, body, tries };
      const answering = put(part, pool, track, onProgress, this.#signal);
      const answer = await Promise.race([answering, look.failed]);
      track.end(answer.kind === "stored");
      return answer;
    } finally {
      track.end(false);
      look.end();
    }
  }

  #body(parts: Parts, number: number): Blob {
    const offset = parts.offset(number);
    return this.#file.slice(offset, offset + parts.length(number));
  }

  #answered(work: Work, number: number, answer: Answer, way: Way): Outcome {
    const { parts } = work;
    if (answer.kind === "stored") {
      parts.etag = answer.etag;
      this.#stored(parts, number);
      return "stored";
    }
    parts.failed(number);
    doubt(parts, number, answer);
    const isRefused = answer.kind === "refused" || answer.kind === "gateway";
    if (isRefused && parts.doubt(number) === undefined) parts.takeBack(number);
    if (answer.kind === "refused" && !isOfName(answer, this.#tries.refusals(number))) {
      return this.#refused(work, number, answer, way);
    }
    if (answer.kind === "quiet" || answer.kind === "gave way") return this.#cut(parts, number);
    if (this.#events.fails(way.pool)) return this.#elsewhere(parts, number);
    if (answer.kind === "refused") return this.#refused(work, number, answer, way);
    if (answer.kind === "lost" && parts.bytesSent(number) === 0) this.#events.unheard();
    this.#events.suspicious(answer.kind === "gateway" ? answer : { kind: "silence" });
    void this.#rest(parts, number, pause(this.#tries.lost(number) - 1), "unsign");
    return isTooMuch(answer) ? "stalled" : "unanswered";
  }

  /** Another name of the store is good: the part goes there, and is looked for before if in doubt. */
  #elsewhere(parts: Parts, number: number): Outcome {
    if (parts.doubt(number) === undefined) parts.takeBack(number);
    void this.#rest(parts, number, 0, "unsign");
    return "stopped";
  }

  /** The page cut it, and others: what has not left needs no other URL when its turn comes again. */
  #cut(parts: Parts, number: number): Outcome {
    if (parts.doubt(number) === undefined) parts.unsend(number);
    else void this.#rest(parts, number, tuning.retryCapMs, "unsign");
    this.#events.ready();
    return "stopped";
  }

  #stored(parts: Parts, number: number): void {
    parts.store(number);
    this.#tries.reset();
    this.#events.partSent(parts);
    this.#events.ready();
  }

  #refused(
    work: Work,
    number: number,
    answer: Answer & { kind: "refused" },
    { pool, by }: Way,
  ): Outcome {
    const { parts } = work;
    const { name } = this.#file;
    const decision = verdict(answer);
    if (by.kind === "presigned_part") {
      const { status, code, said } = answer;
      parts.refused(number, { status, s3_code: code, said, headers: Object.keys(by.headers) });
    }
    const tries = this.#tries.refused(number);
    const tooMany = isInBetween(answer) && this.#tries.inBetween() >= IN_BETWEEN_TRIES;
    if (isInBetween(answer)) this.#events.suspicious({ kind: "refusal" });
    const limit = decision === "sign again" ? SIGNATURE_TRIES : tuning.tries;
    if (decision === "gone" && parts.total > 1) {
      parts.unsign(number);
      this.#events.failed({ code: "no_such_upload", message: text.gone(name) });
    } else if (decision === "incompatible" && parts.hasFound) {
      // Created for a checksum of another kind, which not every server lists.
      parts.unsign(number);
      this.#events.incompatible(work);
    } else if (decision === "exists" && parts.total === 1) {
      // Perhaps our own PUT, whose answer was lost: the kernel looks whose bytes are there.
      parts.taken = true;
      this.#stored(parts, number);
    } else if (tries >= limit || tooMany) {
      void this.#giveUp(work, number, answer, pool.mode);
    } else {
      const stale = decision === "sign again" && tries === 1;
      const next = decision === "hash again" ? "unhash" : "unsign";
      void this.#rest(parts, number, stale ? 0 : pause(tries - 1), next);
    }
    return decision === "slow down" ? "slow down" : "answered";
  }

  /** A part that is refused fails its file, unless parts soon go another way. */
  async #giveUp(
    { parts, plan }: Work,
    number: number,
    answer: Answer & { kind: "refused" },
    mode: Mode,
  ): Promise<void> {
    this.#hopeless += 1;
    parts.rest(number);
    const detoured = mode !== "relay" && (await this.#events.detoured());
    this.#hopeless -= 1;
    parts.unsign(number);
    if (detoured) this.#tries.reset();
    if (detoured || this.#signal.aborted) this.#events.ready();
    else this.#events.failed(refusedPart({ name: this.#file.name, uri: plan.uri }, number, answer));
  }

  /** See whether the part is still there, and let it rest before it is tried again. */
  async #rest(parts: Parts, number: number, ms: number, next: "unsign" | "unhash"): Promise<void> {
    parts.rest(number);
    this.#events.ready();
    try {
      await checkReadable(this.#body(parts, number));
      await Promise.race([delay(ms, this.#signal), this.#restsEnd.wait()]);
    } catch (error) {
      if (isFileChanged(error)) this.#events.failed(fileChanged(this.#file.name));
    }
    parts[next](number);
    this.#events.ready();
  }
}

/**
 * Whether a file may be sent as it is, which spares the browser a slice. Of a file that changes,
 * Firefox would send other bytes than a slice holds. A type that is not signed would be sent, too.
 * An empty one may be a pipe, which Chromium opens for its request and waits for.
 */
function mayBeBody({ size, type }: File, headers: Readonly<Record<string, string>>): boolean {
  return GUARDS_FILES && size > 0 && (type === "" || "content-type" in headers);
}

/** The answer is lost: the store may have the part, or yet get it, where all of it has left. */
function doubt(parts: Parts, number: number, answer: Answer): void {
  const ms = mayTurnUp(answer);
  if (ms === undefined) return;
  const everyMs = Math.max(tuning.retryMs, ms / LOOKS);
  const refused = ["refused", "gateway", "lost"].includes(answer.kind);
  parts.doubted(number, { until: Date.now() + ms, everyMs, refused });
}

/** How often each part was sent, and failed in a row. One that gets through clears all failures. */
class Tries {
  readonly #sent = new Map<number, number>();
  readonly #refused = new Map<number, number>();
  readonly #lost = new Map<number, number>();
  #inBetween = 0;

  /** The part is sent; returns how often by now. */
  sent(number: number): number {
    return count(this.#sent, number);
  }

  /** S3 refused the part; returns how often by now. */
  refused(number: number): number {
    return count(this.#refused, number);
  }

  /** How often S3 has refused the part by now. */
  refusals(number: number): number {
    return this.#refused.get(number) ?? 0;
  }

  /** The part got no answer; returns how often by now. */
  lost(number: number): number {
    return count(this.#lost, number);
  }

  /** A proxy may have refused a part; returns how often by now, whichever part it was. */
  inBetween(): number {
    this.#inBetween += 1;
    return this.#inBetween;
  }

  reset(): void {
    this.#inBetween = 0;
    this.#refused.clear();
    this.#lost.clear();
  }
}

function count(of: Map<number, number>, number: number): number {
  const times = (of.get(number) ?? 0) + 1;
  of.set(number, times);
  return times;
}
