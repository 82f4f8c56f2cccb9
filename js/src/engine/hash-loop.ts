/** Has parts hashed ahead of the sending, as far as the rate is worth it. Knows no kernel. */

import { Notify } from "../async";
import type { Rate } from "../net/rate";
import { tuning } from "../tuning";
import type { Parts } from "../upload/parts";
import type { Upload } from "../upload/upload";

export class HashLoop {
  readonly #uploads: () => readonly Upload[];
  readonly #rate: Rate;
  readonly #changed: () => void;
  readonly #signal: AbortSignal;
  readonly #work = new Notify();

  /** @param lanes how many parts to hash at once. */
  constructor(
    lanes: number,
    uploads: () => readonly Upload[],
    rate: Rate,
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#uploads = uploads;
    this.#rate = rate;
    this.#changed = changed;
    this.#signal = signal;
    for (let lane = 0; lane < lanes; lane += 1) void this.#loop(lane);
  }

  /** Whether more parts will be hashed without waiting for others to be sent. */
  get hasMore(): boolean {
    return this.#next(0) !== undefined;
  }

  /** Look for work. */
  wake(): void {
    this.#work.notify();
  }

  async #loop(lane: number): Promise<void> {
    while (!this.#signal.aborted) {
      const woken = this.#work.wait();
      const upload = this.#next(lane);
      const proof = upload === undefined ? this.#nextProof() : undefined;
      if (upload !== undefined) await upload.hashNext(lane);
      else if (proof !== undefined) await proof.proveNext(lane);
      else await (this.#nextComparison()?.hashNext(lane).then(this.#changed) ?? woken);
    }
  }

  /** The other lanes help only while the sending might run dry: hashing yields to sending. */
  #next(lane: number): Upload | undefined {
    const uploads = this.#uploads();
    const ahead = uploads.reduce((sum, { active }) => sum + weightAhead(active?.parts), 0);
    return uploads.find(({ active }) => {
      if (active?.parts.next("hash") === undefined) return false;
      return ahead < (lane === 0 ? this.#window(active.plan.part_size) : tuning.windowMin);
    });
  }

  /** Parts that S3 holds already are compared beside the sending. */
  #nextProof(): Upload | undefined {
    return this.#uploads().find(({ active }) => active?.parts.next("prove") !== undefined);
  }

  /** Last of all, as nothing of it is to be sent. */
  #nextComparison(): Upload["comparison"] {
    return this.#uploads().find(({ comparison }) => comparison?.hasMore)?.comparison;
  }

  /** How many parts to have hashed and signed ahead. */
  #window(partSize: number): number {
    const parts = Math.ceil((this.#rate.perSecond * tuning.windowSeconds) / partSize);
    return Math.min(tuning.windowMax, Math.max(tuning.windowMin, parts));
  }
}

function weightAhead(parts: Parts | undefined): number {
  return parts === undefined ? 0 : parts.ahead * parts.weight;
}
