/** Bytes a second over the last seconds. */

const SPAN_MS = 8000;

/** So many samples in a row that are equal: several seconds of nothing. */
const STILL_SAMPLES = 12;

export class Rate {
  #samples: (readonly [at: number, bytes: number])[] = [];

  sample(bytes: number, now = Date.now()): void {
    this.#samples.push([now, bytes]);
    while ((this.#samples[1]?.[0] ?? now) < now - SPAN_MS) this.#samples.shift();
  }

  /** 0 until two samples are there. */
  get perSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last[0] <= first[0]) return 0;
    return Math.max(0, ((last[1] - first[1]) * 1000) / (last[0] - first[0]));
  }

  /** Whether nothing moved for a while, though somebody looked on. */
  get still(): boolean {
    const samples = this.#samples;
    return samples.length >= STILL_SAMPLES && samples[0]?.[1] === samples.at(-1)?.[1];
  }

  reset(): void {
    this.#samples = [];
  }
}
