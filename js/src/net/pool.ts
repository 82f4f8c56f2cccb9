/**
 * The lanes to one S3 origin, shared by every widget of the page: the browser opens at most six
 * connections to a host, and a request that it queues itself counts as stalled sooner or later.
 */

import { tuning } from "../tuning";

/** The outcome of one send, as far as the store's health goes. */
export type Outcome = "stored" | "answered" | "slow down" | "unanswered" | "stopped";

/** An engine that has parts to send. */
export interface Sender {
  /** The most parts it may have in flight, now. */
  readonly maxConcurrency: number;
  /** Start sending the next part; undefined if none is ready. */
  sendNext(): Promise<Outcome> | undefined;
  /** The store stopped or began to answer. */
  reachabilityChanged(): void;
  /** Parts that rest may be tried again at once. */
  endRests(): void;
}

const LANES = 6;

/** Jupyter imports this module once for each model, so it cannot hold what the page shares. */
const POOLS = Symbol.for("s3upload_widget pools 1");

/** The page's pool for an S3 origin. */
export function poolFor(origin: string): Pool {
  const page = globalThis as typeof globalThis & { [POOLS]?: Map<string, Pool> };
  page[POOLS] ??= new Map();
  const pool = page[POOLS].get(origin) ?? new Pool();
  page[POOLS].set(origin, pool);
  return pool;
}

export class Pool {
  readonly #senders = new Map<Sender, number>();
  #lanes = LANES;
  #busy = 0;
  #probe: ReturnType<typeof setTimeout> | undefined;
  #reachable = true;
  #mayProbe = false;

  /** Whether the store answers; if not, single parts probe it. */
  get reachable(): boolean {
    return this.#reachable;
  }

  join(sender: Sender): void {
    if (this.#senders.has(sender)) return;
    this.#senders.set(sender, 0);
    if (this.#senders.size === 1) globalThis.addEventListener("online", this.#tryAgain);
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
    if (this.#senders.size > 0) return;
    globalThis.removeEventListener("online", this.#tryAgain);
    clearTimeout(this.#probe);
    // Nobody looks any more: the next one finds out again.
    this.#reachable = true;
  }

  /** Fill the free lanes, one sender after the other. */
  fill(): void {
    if (!this.#reachable) {
      if (this.#mayProbe && this.#busy === 0) this.#mayProbe = !this.#startOne();
      return;
    }
    while (this.#busy < Math.floor(this.#lanes) && this.#startOne()) {}
  }

  /** A part got no answer too many times in a row: only single probes from now on. */
  unreachable(): void {
    if (!this.#reachable) return;
    this.#reachable = false;
    this.#scheduleProbe();
    this.#notify();
  }

  #startOne(): boolean {
    for (const [sender, inFlight] of this.#senders) {
      if (inFlight >= sender.maxConcurrency) continue;
      const sending = sender.sendNext();
      if (sending === undefined) continue;
      this.#busy += 1;
      // To the end of the queue: the next free lane is another widget's.
      this.#senders.delete(sender);
      this.#senders.set(sender, inFlight + 1);
      void sending.then((outcome) => this.#ended(sender, outcome));
      return true;
    }
    return false;
  }

  #ended(sender: Sender, outcome: Outcome): void {
    this.#busy -= 1;
    const inFlight = this.#senders.get(sender);
    if (inFlight !== undefined) this.#senders.set(sender, inFlight - 1);
    if (outcome === "slow down") this.#lanes = Math.max(1, this.#lanes / 2);
    if (outcome === "stored") this.#lanes = Math.min(LANES, this.#lanes + 1 / this.#lanes);
    if (outcome !== "unanswered" && outcome !== "stopped") this.trust();
    this.fill();
  }

  /** The store answered, or the user says that it will. */
  trust(): void {
    if (this.#reachable) return;
    this.#reachable = true;
    clearTimeout(this.#probe);
    for (const sender of this.#senders.keys()) sender.endRests();
    this.#notify();
  }

  #scheduleProbe(): void {
    clearTimeout(this.#probe);
    this.#probe = setTimeout(this.#tryAgain, tuning.probeMs);
  }

  /** The network may be back: its `online` event says so, or nobody has looked for a while. */
  readonly #tryAgain = (): void => {
    for (const sender of this.#senders.keys()) sender.endRests();
    if (this.#reachable) return;
    this.#mayProbe = true;
    this.fill();
    this.#scheduleProbe();
  };

  #notify(): void {
    for (const sender of this.#senders.keys()) sender.reachabilityChanged();
  }
}
