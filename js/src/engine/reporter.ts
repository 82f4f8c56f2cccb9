/** Reports to the kernel how far everything is, and has the orders of its cells carried out. */

import { delay } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { reaches } from "../net/reachability";
import {
  type FileProgress,
  MAX_PICK,
  type Order,
  type Orders,
  type Reach,
  type ReportProgress,
  type Summary,
  type Tried,
} from "../protocol";
import { tuning } from "../tuning";
import type { Totals } from "./totals";

/** A file's progress; undefined if it is off the list. */
type Entry = readonly [id: string, progress: FileProgress | undefined];

const NEVER_TRIED: Tried = { number: 0, reached: false };

/** One report is on its way at a time, and the newest numbers win. */
export class Reporter {
  readonly #kernel: Kernel;
  readonly #totals: Totals;
  readonly #onOrder: (order: Order) => void;
  readonly #onTakenOver: (ids: readonly string[]) => void;
  readonly #signal: AbortSignal;
  /** Progress of files that the kernel does not know yet. */
  #unreported = new Map<string, FileProgress | undefined>();
  #knownSummary: string;
  #number = 0;
  #lastOrder = 0;
  /** The newest question whether the store is in reach; `#tried` answers it later. */
  #asked: Pick<Reach, "number"> = NEVER_TRIED;
  #tried = NEVER_TRIED;
  #isOwed = false;
  #isBusy = false;

  /**
   * @param onOrder is called with each new order.
   * @param onTakenOver is called with the files that another page sends now.
   */
  constructor(
    kernel: Kernel,
    totals: Totals,
    onOrder: (order: Order) => void,
    onTakenOver: (ids: readonly string[]) => void,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#totals = totals;
    this.#onOrder = onOrder;
    this.#onTakenOver = onTakenOver;
    this.#signal = signal;
    // A page that has just come has nothing to report: another may be sending right now.
    this.#knownSummary = this.#summary();
  }

  /** Handle an event that the kernel sent. */
  handle(event: Orders | Reach): void {
    if (event.kind === "reach") void this.#tryReach(event);
    else {
      // Another page may have come: the reply names all our files that it sends now.
      this.#totals.reportAll();
      this.carryOut(event.orders);
    }
  }

  /** Carry out new orders; report in any case, since the kernel may be asking who listens. */
  carryOut(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.number <= this.#lastOrder) continue;
      this.#lastOrder = order.number;
      this.#onOrder(order);
      // The kernel may have put down what it ordered: what differs from that is reported again.
      this.#totals.reportAll();
    }
    this.reportAnyway();
  }

  /** Another kernel listens now: it knows nothing yet, and counts its own orders and questions. */
  restart(): void {
    this.#unreported.clear();
    this.#totals.reportAll();
    this.#knownSummary = "";
    this.#lastOrder = 0;
    this.#asked = NEVER_TRIED;
    this.#tried = NEVER_TRIED;
    this.report();
  }

  /** Add a file's progress to the next report; undefined if it is off the list. */
  add(fileId: string, progress: FileProgress | undefined): void {
    this.#unreported.set(fileId, progress);
  }

  /** Report if anything changed. */
  report(): void {
    if (!this.#isBusy) void this.#reportAll();
  }

  /** Report in any case: whether there is a reply shows whether the kernel listens. */
  reportAnyway(): void {
    this.#isOwed = true;
    this.report();
  }

  /** The kernel repeats its question until it is answered: only a newer one is tried. */
  async #tryReach(asked: Reach): Promise<void> {
    this.reportAnyway();
    if (asked.number <= this.#asked.number) return;
    this.#asked = asked;
    const reached = await reaches(asked.address);
    if (this.#asked !== asked) return;
    this.#tried = { number: asked.number, reached };
    this.reportAnyway();
  }

  async #reportAll(): Promise<void> {
    this.#isBusy = true;
    try {
      while (this.#hasNews()) {
        await this.#send();
        await delay(tuning.reportMs, this.#signal);
      }
    } catch (error) {
      // Else the engine is disposed of.
      if (!this.#signal.aborted) throw error;
    } finally {
      this.#isBusy = false;
    }
  }

  #hasNews(): boolean {
    // The sums come first: making them adds what changed of single files.
    return this.#summary() !== this.#knownSummary || this.#isOwed || this.#unreported.size > 0;
  }

  /** A report that the kernel refuses is owed still; the next waits as long as after any other. */
  async #send(): Promise<void> {
    const summary = this.#totals.summary();
    const entries = [...this.#unreported].slice(0, MAX_PICK);
    for (const [id] of entries) this.#unreported.delete(id);
    this.#isOwed = false;
    try {
      const reply = await this.#kernel.call(this.#request(summary, entries), this.#signal);
      this.#knownSummary = JSON.stringify(summary);
      this.#onTakenOver(reply.lost);
      if (reply.orders.some(({ number }) => number > this.#lastOrder)) this.carryOut(reply.orders);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#unreported = new Map([...entries, ...this.#unreported]);
      this.#isOwed = true;
    }
  }

  #request(summary: Summary, entries: readonly Entry[]): ReportProgress {
    this.#number += 1;
    return {
      kind: "report_progress",
      number: this.#number,
      summary,
      files: entries.flatMap(([, progress]) => progress ?? []),
      removed: entries.flatMap(([id, progress]) => (progress === undefined ? [id] : [])),
      last_order: this.#lastOrder,
      tried: this.#tried,
    };
  }

  #summary(): string {
    return JSON.stringify(this.#totals.summary());
  }
}
