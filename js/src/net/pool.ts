/**
 * The lanes to one S3 origin, shared by every widget of the page: the browser opens at most six
 * connections to a host, six more for requests with credentials, and a request that it queues
 * itself counts as stalled sooner or later.
 */

import { tuning } from "../tuning";
import { Health, type Reaches } from "./health";
import { Lanes } from "./lanes";
import { reaches } from "./reachability";

/**
 * The outcome of one send, as far as its store goes. `stalled` is without an answer of the store
 * though all of it had left, or it was too much for a gateway; `stopped` says nothing of the store.
 */
export type Outcome = "stored" | "answered" | "slow down" | "unanswered" | "stalled" | "stopped";

/** How parts go to an origin: with credentials, without, or through the kernel. */
export type Mode = "include" | "omit" | "relay";

/** An engine that has parts to send. */
export interface Sender {
  /** Start sending the next part for a pool; undefined if none is ready, or may be sent now. */
  sendNext(pool: Pool): Promise<Outcome> | undefined;
  /** The store stopped or began to answer. */
  reachabilityChanged(): void;
  /** Parts that rest may be tried again at once. */
  endRests(): void;
}

/** Jupyter imports this module once for each model, so it cannot hold what the page shares. */
const POOLS = Symbol.for("s3upload_widget pools 3");

/** The page's pool for an S3 origin and a mode. */
export function poolFor(origin: string, mode: Mode): Pool {
  const name = `${mode} ${origin}`;
  const page = globalThis as typeof globalThis & { [POOLS]?: Map<string, Pool> };
  page[POOLS] ??= new Map();
  const pool = page[POOLS].get(name) ?? new Pool(origin, mode);
  page[POOLS].set(name, pool);
  return pool;
}

export class Pool {
  readonly origin: string;
  readonly mode: Mode;
  readonly health: Health;
  readonly #senders = new Set<Sender>();
  #busy = 0;
  #probe: ReturnType<typeof setTimeout> | undefined;
  /** Probes since the store stopped to answer. */
  #probes = 0;
  #mayProbe = false;

  constructor(origin: string, mode: Mode) {
    this.origin = origin;
    this.mode = mode;
    // No short request of the page shows whether the kernel reaches a store.
    const ask: Reaches =
      mode === "relay" ? async () => true : (credentials) => reaches(origin, credentials);
    // Browsers share connections only where they are encrypted.
    const lanes = new Lanes(mode !== "relay" && origin.startsWith("https:"), () => this.fill());
    this.health = new Health(ask, () => this.#healthChanged(), lanes);
  }

  /** How full it is: parts on their way, to the lanes there are. */
  get load(): number {
    return this.#busy / this.health.lanes.count;
  }

  /** Whether the store answers; if not, single parts probe it. */
  get reachable(): boolean {
    return this.health.condition === "well";
  }

  join(sender: Sender): void {
    if (this.#senders.has(sender)) return;
    this.#senders.add(sender);
    if (this.#senders.size > 1) return;
    globalThis.addEventListener("online", this.#online);
    this.health.watch();
  }

  leave(sender: Sender): void {
    this.#senders.delete(sender);
    if (this.#senders.size > 0) return;
    globalThis.removeEventListener("online", this.#online);
    clearTimeout(this.#probe);
    this.health.rest();
  }

  /** Fill the free lanes, one sender after the other. */
  fill(): void {
    if (!this.reachable) {
      if (this.#mayProbe && this.#busy === 0) this.#mayProbe = !this.#startOne();
      return;
    }
    while (this.#busy < this.health.lanes.count && this.#startOne()) {}
  }

  #startOne(): boolean {
    for (const sender of this.#senders) {
      const sending = sender.sendNext(this);
      if (sending === undefined) continue;
      this.#busy += 1;
      // To the end of the queue: the next free lane is another widget's.
      this.#senders.delete(sender);
      this.#senders.add(sender);
      void sending.then((outcome) => this.#ended(outcome));
      return true;
    }
    return false;
  }

  #ended(outcome: Outcome): void {
    this.#busy -= 1;
    if (outcome === "slow down" || outcome === "stalled") this.health.lanes.halve();
    if (outcome === "stored") this.health.lanes.widen();
    if (outcome === "unanswered" || outcome === "stalled") this.health.lost();
    else if (outcome !== "stopped") this.health.answered();
    this.fill();
  }

  /** The store has a part whose answer was lost, or the user says that it will answer. */
  trust(): void {
    this.health.trust();
  }

  #healthChanged(): void {
    clearTimeout(this.#probe);
    this.#probes = 0;
    if (this.reachable) this.#endRests();
    else this.#scheduleProbe();
    for (const sender of this.#senders) sender.reachabilityChanged();
  }

  /** Something that answers, though it takes no part, may only be starting: it is soon tried again. */
  #scheduleProbe(): void {
    clearTimeout(this.#probe);
    const soon = tuning.soonMs * 2 ** this.#probes;
    this.#probes += 1;
    const ms = this.health.condition === "losing" ? Math.min(soon, tuning.probeMs) : tuning.probeMs;
    this.#probe = setTimeout(this.#tryAgain, ms);
  }

  readonly #online = (): void => {
    if (this.health.condition === "quiet") void this.health.ask();
    this.#tryAgain();
  };

  /** The network may be back, or nobody has looked for a while. */
  readonly #tryAgain = (): void => {
    this.#endRests();
    if (this.reachable) return;
    this.#mayProbe = true;
    this.fill();
    this.#scheduleProbe();
  };

  #endRests(): void {
    for (const sender of this.#senders) sender.endRests();
  }
}
