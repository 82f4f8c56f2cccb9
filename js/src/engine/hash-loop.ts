/** Has parts hashed ahead of the sending, as far as the rate is worth it. Knows no kernel. */

import { Notify } from "../async";
import type { Rate } from "../net/rate";
import { tuning } from "../tuning";
import type { Parts } from "../upload/parts";
import type { Upload } from "../upload/upload";

export class HashLoop {
  readonly #uploads: () => readonly Upload[];
  readonly #rate: Rate;
  readonly #least: () => number;
  readonly #changed: () => void;
  readonly #signal: AbortSignal;
  readonly #work = new Notify();

  /**
   * @param lanes how many parts to hash at once.
   * @param least how many parts are to be hashed ahead at least.
   */
  constructor(
    lanes: number,
    uploads: () => readonly Upload[],
    rate: Rate,
    least: () => number,
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#uploads = uploads;
    this.#rate = rate;
    this.#least = least;
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

  /** The first lane is for what is sent, the others for what S3 holds already. */
  async #loop(lane: number): Promise<void> {
    while (!this.#signal.aborted) {
      const woken = this.#work.wait();
      const proof = this.#nextProof();
      const upload = lane === 0 || proof === undefined ? this.#next(lane) : undefined;
      if (upload !== undefined) await upload.hashNext(lane);
      else if (proof !== undefined) await proof.proveNext(lane);
      else await (this.#nextComparison()?.hashNext(lane).then(this.#changed) ?? woken);
    }
  }

  /**
   * The other lanes help only while the sending might run dry: hashing yields to sending. So it does
   * to what S3 holds, which comes first in the file, and so in the whole file's digest.
   */
  #next(lane: number): Upload | undefined {
    const uploads = this.#uploads();
    const ahead = uploads.reduce((sum, { active }) => sum + weightAhead(active?.parts), 0);
    const isFirst = lane === 0 && this.#nextProof() === undefined;
    return uploads.find(({ active }) => {
      if (active?.parts.next("hash") === undefined) return false;
      return ahead < (isFirst ? this.#window(active.plan.part_size) : this.#least());
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
    return Math.min(tuning.windowMax, Math.max(this.#least(), parts));
  }
}

function weightAhead(parts: Parts | undefined): number {
  return parts === undefined ? 0 : parts.ahead * parts.weight;
}
