/** Sends the parts of one file, and acts on each answer of S3. Knows no kernel. */

import { delay, Notify } from "../async";
import type { Outcome } from "../net/pool";
import { type Answer, put } from "../net/put";
import { pause, verdict } from "../net/retry";
import { text } from "../text/text";
import { tuning } from "../tuning";
import type { Parts, SignedPart } from "./parts";
import { fileChanged, isUnreadable, problemOf, refusedPart } from "./problem";
import type { AttemptEvents } from "./states";
import type { Work } from "./work";

/** A second 403 to a fresh signature is no matter of time. */
const SIGNATURE_TRIES = 3;

export class PartSender {
  readonly #file: File;
  readonly #events: AttemptEvents;
  readonly #signal: AbortSignal;
  readonly #tries = new Tries();
  readonly #restsEnd = new Notify();

  constructor(file: File, events: AttemptEvents, signal: AbortSignal) {
    this.#file = file;
    this.#events = events;
    this.#signal = signal;
  }

  /** Parts that rest may be tried again at once. */
  endRests(): void {
    this.#restsEnd.notify();
  }

  /** Send the next part whose URL is still good; undefined if there is none. */
  sendNext(work: Work): Promise<Outcome> | undefined {
    const { parts } = work;
    for (const [number, { presigned, signedAt }] of parts.waiting()) {
      if (Date.now() < signedAt + presigned.expires_in * 1000) return this.#send(work, number);
      parts.unsign(number);
    }
    return undefined;
  }

  async #send(work: Work, number: number): Promise<Outcome> {
    const { parts } = work;
    const signed = parts.sending(number);
    try {
      const answer = await this.#put(parts, number, signed);
      return this.#answered(work, number, answer);
    } catch (error) {
      parts.unsend(number);
      this.#events.ready();
      if (!this.#signal.aborted) this.#events.failed(problemOf(error, this.#file.name));
      return "stopped";
    }
  }

  #put(parts: Parts, number: number, { presigned }: SignedPart): Promise<Answer> {
    const { url, headers } = presigned;
    const offset = parts.offset(number);
    const body = this.#file.slice(offset, offset + parts.length(number));
    const onProgress = (bytes: number): void => {
      parts.sent(number, bytes);
      this.#events.progressed();
    };
    return put({ url, headers, body }, onProgress, this.#signal);
  }

  #answered(work: Work, number: number, answer: Answer): Outcome {
    const { parts } = work;
    if (answer.kind === "stored") {
      this.#stored(parts, number);
      return "stored";
    }
    parts.failed(number);
    if (answer.kind === "refused") return this.#refused(work, number, answer);
    const losses = this.#tries.lost(number);
    if (losses >= tuning.losses) this.#events.unreachable(work);
    void this.#rest(parts, number, pause(losses - 1), "unsign");
    return "unanswered";
  }

  #stored(parts: Parts, number: number): void {
    parts.store(number);
    this.#tries.reset();
    this.#events.partSent(parts);
    this.#events.ready();
  }

  #refused(work: Work, number: number, answer: Answer & { kind: "refused" }): Outcome {
    const { parts, plan } = work;
    const { name } = this.#file;
    const decision = verdict(answer);
    const tries = this.#tries.refused(number);
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
    } else if (tries >= limit) {
      parts.unsign(number);
      this.#events.failed(refusedPart({ name, uri: plan.uri }, number, answer));
    } else {
      const stale = decision === "sign again" && tries === 1;
      const next = decision === "hash again" ? "unhash" : "unsign";
      if (decision === "no conditions") parts.unconditional = true;
      void this.#rest(parts, number, stale ? 0 : pause(tries - 1), next);
    }
    return decision === "slow down" ? "slow down" : "answered";
  }

  /** See whether the file is still there, and let the part rest before it is tried again. */
  async #rest(parts: Parts, number: number, ms: number, next: "unsign" | "unhash"): Promise<void> {
    parts.rest(number);
    this.#events.ready();
    try {
      await this.#file.slice(0, 1).arrayBuffer();
      await Promise.race([delay(ms, this.#signal), this.#restsEnd.wait()]);
    } catch (error) {
      if (isUnreadable(error)) this.#events.failed(fileChanged(this.#file.name));
    }
    parts[next](number);
    this.#events.ready();
  }
}

/** How often in a row each part failed. Any part that gets through clears them all. */
class Tries {
  readonly #refused = new Map<number, number>();
  readonly #lost = new Map<number, number>();

  /** S3 refused the part; returns how often by now. */
  refused(number: number): number {
    return count(this.#refused, number);
  }

  /** The part got no answer; returns how often by now. */
  lost(number: number): number {
    return count(this.#lost, number);
  }

  reset(): void {
    this.#refused.clear();
    this.#lost.clear();
  }
}

function count(of: Map<number, number>, number: number): number {
  const times = (of.get(number) ?? 0) + 1;
  of.set(number, times);
  return times;
}
