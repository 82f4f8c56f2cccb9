/** Tells the kernel how far everything is, and carries out what its cells asked for. */

import { delay } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { reaches } from "../net/reachability";
import {
  type EventEnvelope,
  type FileProgress,
  MAX_PICK,
  type Order,
  type Reach,
  type ReportProgress,
  type Summary,
  type Tried,
} from "../protocol";
import { tuning } from "../tuning";

/** What is reported, and who obeys. */
export interface Reported {
  /** The sums; what changed of single files meanwhile is told first, by `stands`. */
  summary(): Summary;
  /** Have it told of every file how it stands, as if all had changed. */
  tellAll(): void;
  obey(order: Order): void;
  /** Another page goes on with these files. */
  lose(ids: readonly string[]): void;
}

/** A file, and how it stands. */
type Told = readonly [id: string, progress: FileProgress | undefined];

const NEVER_TRIED: Tried = { number: 0, reached: false };

/** One report is on its way at a time, and the newest numbers win. */
export class Reporter {
  readonly #kernel: Kernel;
  readonly #reported: Reported;
  readonly #signal: AbortSignal;
  /** How files stand of which the kernel has not heard it; undefined if they are off the list. */
  #untold = new Map<string, FileProgress | undefined>();
  #knownSummary: string;
  #number = 0;
  #lastOrder = 0;
  /** The newest try, of which `#tried` tells once it has ended. */
  #asked: Pick<Reach, "number"> = NEVER_TRIED;
  #tried = NEVER_TRIED;
  #owed = false;
  #busy = false;

  constructor(kernel: Kernel, reported: Reported, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#reported = reported;
    this.#signal = signal;
    // A page that has just come has nothing to report: another may be sending right now.
    this.#knownSummary = this.#summary();
  }

  /** Do what the kernel says unasked. */
  hear(event: EventEnvelope["event"]): void {
    if (event.kind === "reach") void this.#reach(event);
    else {
      // Another page may have come: the answer tells which of all our files it goes on with.
      this.#reported.tellAll();
      this.obey(event.orders);
    }
  }

  /** Carry out what is new; answer in any case, since the kernel may be asking who listens. */
  obey(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.number <= this.#lastOrder) continue;
      this.#lastOrder = order.number;
      this.#reported.obey(order);
      // The kernel may have put down what it ordered: whatever differs from that is told again.
      this.#reported.tellAll();
    }
    this.owe();
  }

  /** Another kernel listens now: it knows nothing yet, and counts its own orders and questions. */
  startAnew(): void {
    this.#untold.clear();
    this.#reported.tellAll();
    this.#knownSummary = "";
    this.#lastOrder = 0;
    this.#asked = NEVER_TRIED;
    this.#tried = NEVER_TRIED;
    this.changed();
  }

  /** A file stands so now; undefined if it is off the list. */
  stands(fileId: string, progress: FileProgress | undefined): void {
    this.#untold.set(fileId, progress);
  }

  /** Something may have changed. */
  changed(): void {
    if (!this.#busy) void this.#report();
  }

  /** The kernel asks again until it is answered: a question that is known, or older, is done with. */
  async #reach(asked: Reach): Promise<void> {
    this.owe();
    if (asked.number <= this.#asked.number) return;
    this.#asked = asked;
    const reached = await reaches(asked.address);
    if (this.#asked !== asked) return;
    this.#tried = { number: asked.number, reached };
    this.owe();
  }

  /** Report in any case: whether it is answered tells whether the kernel listens. */
  owe(): void {
    this.#owed = true;
    this.changed();
  }

  async #report(): Promise<void> {
    this.#busy = true;
    try {
      while (this.#somethingNew()) {
        await this.#send();
        await delay(tuning.reportMs, this.#signal);
      }
    } catch (error) {
      // Else the engine is disposed of.
      if (!this.#signal.aborted) throw error;
    } finally {
      this.#busy = false;
    }
  }

  #somethingNew(): boolean {
    // The sums come first: what changed of single files is told while they are made.
    return this.#summary() !== this.#knownSummary || this.#owed || this.#untold.size > 0;
  }

  /** A report that the kernel refuses is owed still; the next waits as long as after any other. */
  async #send(): Promise<void> {
    const summary = this.#reported.summary();
    const told = [...this.#untold].slice(0, MAX_PICK);
    for (const [id] of told) this.#untold.delete(id);
    this.#owed = false;
    try {
      const reply = await this.#kernel.call(this.#request(summary, told), this.#signal);
      this.#knownSummary = JSON.stringify(summary);
      this.#reported.lose(reply.lost);
      if (reply.orders.some(({ number }) => number > this.#lastOrder)) this.obey(reply.orders);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#untold = new Map([...told, ...this.#untold]);
      this.#owed = true;
    }
  }

  #request(summary: Summary, told: readonly Told[]): ReportProgress {
    this.#number += 1;
    return {
      kind: "report_progress",
      number: this.#number,
      summary,
      files: told.flatMap(([, progress]) => progress ?? []),
      removed: told.flatMap(([id, progress]) => (progress === undefined ? [id] : [])),
      last_order: this.#lastOrder,
      tried: this.#tried,
    };
  }

  #summary(): string {
    return JSON.stringify(this.#reported.summary());
  }
}
