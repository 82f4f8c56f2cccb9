/** Tells the kernel how far everything is, and carries out what its cells asked for. */

import type { Kernel } from "./kernel";
import {
  type EventEnvelope,
  type FileProgress,
  MAX_PICK,
  type Order,
  type Reach,
  type Summary,
  type Tried,
} from "./protocol";
import { reaches } from "./reaching";
import { delay } from "./retry";
import { tuning } from "./tuning";

/** What is reported, and who obeys. */
export interface Reported {
  summary(): Summary;
  /** Of a file that stands as before, the very same object. */
  progress(): readonly FileProgress[];
  obey(order: Order): void;
  /** Another page goes on with these files. */
  lose(ids: readonly string[]): void;
}

const NEVER_TRIED: Tried = { number: 0, reached: false };

/** One report is on its way at a time, and the newest numbers win. */
export class Reports {
  readonly #kernel: Kernel;
  readonly #reported: Reported;
  readonly #signal: AbortSignal;
  /** What the kernel knows of each file, as it was sent; undefined if it has to be told again. */
  readonly #known = new Map<string, FileProgress | undefined>();
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
    if (event.kind === "orders") this.obey(event.orders);
    else void this.#reach(event);
  }

  /** Carry out what is new; answer in any case, since the kernel may be asking who listens. */
  obey(orders: readonly Order[]): void {
    for (const order of orders) {
      if (order.number <= this.#lastOrder) continue;
      this.#lastOrder = order.number;
      this.#reported.obey(order);
      // The kernel may have put down what it ordered: whatever differs from that is told again.
      for (const id of this.#known.keys()) this.#known.set(id, undefined);
    }
    this.owe();
  }

  /** Another kernel listens now: it knows nothing yet, and counts its own orders and questions. */
  startAnew(): void {
    this.#known.clear();
    this.#knownSummary = "";
    this.#lastOrder = 0;
    this.#asked = NEVER_TRIED;
    this.#tried = NEVER_TRIED;
    this.changed();
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
    } catch {
      // The engine is disposed of, or the kernel refuses reports: the next change tries again.
    } finally {
      this.#busy = false;
    }
  }

  #somethingNew(): boolean {
    return this.#owed || this.#summary() !== this.#knownSummary || this.#changedFiles().length > 0;
  }

  async #send(): Promise<void> {
    this.#owed = false;
    const files = this.#changedFiles().slice(0, MAX_PICK);
    const removed = this.#removed().slice(0, MAX_PICK);
    const summary = this.#reported.summary();
    this.#number += 1;
    const reply = await this.#kernel.call(
      {
        kind: "report_progress",
        number: this.#number,
        summary,
        files,
        removed,
        last_order: this.#lastOrder,
        tried: this.#tried,
      },
      this.#signal,
    );
    this.#knownSummary = JSON.stringify(summary);
    for (const file of files) this.#known.set(file.file_id, file);
    for (const id of removed) this.#known.delete(id);
    this.#reported.lose(reply.lost);
    if (reply.orders.some(({ number }) => number > this.#lastOrder)) this.obey(reply.orders);
  }

  #summary(): string {
    return JSON.stringify(this.#reported.summary());
  }

  #changedFiles(): FileProgress[] {
    return this.#reported.progress().filter((file) => this.#known.get(file.file_id) !== file);
  }

  #removed(): string[] {
    const present = new Set(this.#reported.progress().map((file) => file.file_id));
    return [...this.#known.keys()].filter((id) => !present.has(id));
  }
}
