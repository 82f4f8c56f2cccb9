/** Sends the parts of one file, from one start to the next pause, and acts on each answer. */

import { delay, Notify } from "../async";
import type { Outcome } from "../net/pool";
import { type Answer, put } from "../net/put";
import { pause, verdict } from "../net/retry";
import { tuning } from "../tuning";
import type { Parts, SignedPart } from "./parts";
import { fileChanged, isUnreadable, type Problem, problemOf, refused } from "./problem";
import type { Work } from "./work";

/** Whom the sending tells. */
export interface Outlet {
  /** A part is on S3. */
  stored(): void;
  failed(problem: Problem): void;
  /** S3 does not know the upload any more. */
  gone(): void;
  /** S3 takes no parts of this file into the upload that was found. */
  foreign(): void;
  /** A part got no answer too often: its store may be out of reach. */
  unreachable(): void;
  worked(): void;
  progressed(): void;
}

/** A second 403 to a fresh signature is no matter of time. */
const SIGNATURE_TRIES = 3;

export class PartSender {
  readonly #file: File;
  readonly #uri: string;
  readonly #parts: Parts;
  readonly #signal: AbortSignal;
  readonly #outlet: Outlet;
  readonly #tries = new Tries();
  readonly #alarm = new Notify();

  constructor(file: File, { plan, parts }: Work, signal: AbortSignal, outlet: Outlet) {
    this.#file = file;
    this.#uri = plan.uri;
    this.#parts = parts;
    this.#signal = signal;
    this.#outlet = outlet;
  }

  /** Parts that rest may try again at once. */
  wake(): void {
    this.#alarm.ring();
  }

  /** Send the next part whose URL is still good; undefined if there is none. */
  next(): Promise<Outcome> | undefined {
    for (const [number, { presigned, signedAt }] of this.#parts.waiting()) {
      if (Date.now() < signedAt + presigned.expires_in * 1000) return this.#send(number);
      this.#parts.unsign(number);
    }
    return undefined;
  }

  async #send(number: number): Promise<Outcome> {
    const signed = this.#parts.sending(number);
    try {
      const answer = await this.#put(number, signed);
      return this.#answered(number, answer);
    } catch (error) {
      this.#parts.unsend(number);
      this.#outlet.worked();
      if (!this.#signal.aborted) this.#outlet.failed(problemOf(error, this.#file.name));
      return "stopped";
    }
  }

  #put(number: number, { presigned: { url, headers } }: SignedPart): Promise<Answer> {
    const offset = this.#parts.offset(number);
    const body = this.#file.slice(offset, offset + this.#parts.length(number));
    const onProgress = (bytes: number): void => {
      this.#parts.sent(number, bytes);
      this.#outlet.progressed();
    };
    return put({ url, headers, body }, onProgress, this.#signal);
  }

  #answered(number: number, answer: Answer): Outcome {
    if (answer.kind === "stored") {
      this.#stored(number);
      return "stored";
    }
    this.#parts.failed(number);
    if (answer.kind === "refused") return this.#refused(number, answer);
    const losses = this.#tries.lost(number);
    if (losses >= tuning.losses) this.#outlet.unreachable();
    void this.#afterPause(number, pause(losses - 1), "unsign");
    return "unanswered";
  }

  #stored(number: number): void {
    this.#parts.store(number);
    this.#tries.reset();
    this.#outlet.stored();
    this.#outlet.worked();
  }

  #refused(number: number, answer: Answer & { kind: "refused" }): Outcome {
    const decision = verdict(answer);
    const tries = this.#tries.refused(number);
    const limit = decision === "sign again" ? SIGNATURE_TRIES : tuning.tries;
    if (decision === "gone" && this.#parts.total > 1) {
      this.#parts.unsign(number);
      this.#outlet.gone();
    } else if (decision === "not ours" && this.#parts.wasBegun) {
      // UploadAddress with a checksum of another kind, which not every server tells.
      this.#parts.unsign(number);
      this.#outlet.foreign();
    } else if (decision === "exists" && this.#parts.total === 1) {
      // Perhaps our own PUT, whose answer was lost: the kernel looks whose bytes are there.
      this.#parts.taken = true;
      this.#stored(number);
    } else if (tries >= limit) {
      this.#parts.unsign(number);
      const { name } = this.#file;
      this.#outlet.failed(refused({ name, uri: this.#uri }, number, answer));
    } else {
      const stale = decision === "sign again" && tries === 1;
      const next = decision === "hash again" ? "unhash" : "unsign";
      if (decision === "no conditions") this.#parts.unconditional = true;
      void this.#afterPause(number, stale ? 0 : pause(tries - 1), next);
    }
    return decision === "slow down" ? "slow down" : "answered";
  }

  /** See whether the file is still there, and let the part rest before it is tried again. */
  async #afterPause(number: number, ms: number, next: "unsign" | "unhash"): Promise<void> {
    this.#parts.rest(number);
    this.#outlet.worked();
    try {
      await this.#file.slice(0, 1).arrayBuffer();
      await Promise.race([delay(ms, this.#signal), this.#alarm.wait()]);
    } catch (error) {
      if (isUnreadable(error)) this.#outlet.failed(fileChanged(this.#file.name));
    }
    this.#parts[next](number);
    this.#outlet.worked();
  }
}

/** How often in a row each part failed. Any part that gets through clears them all. */
class Tries {
  readonly #refused = new Map<number, number>();
  readonly #lost = new Map<number, number>();

  /** S3 said no to the part; returns how often by now. */
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
