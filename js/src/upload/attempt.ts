/**
 * One try to get a file to S3: compared, begun or found, sent, completed. A pause, a failure or a
 * new plan stops it; what it has proven stays in the parts, for the next try.
 */

import type { Hashers } from "../hashing/workers";
import type { Pool } from "../net/pool";
import { text } from "../text/text";
import { FileChecksums } from "./checksums";
import { Comparison, type Cut, compare, type Hashed } from "./comparison";
import { findOrCreate } from "./open";
import { PartSender } from "./part-sender";
import type { Parts } from "./parts";
import { type Problem, problemOf } from "./problem";
import type { FileRequests } from "./requests";
import type { State } from "./states";
import type { Work } from "./work";

/** The file that is tried, and whom the try tells how it goes. */
export interface Course {
  readonly file: File;
  /** The file is in another state. */
  to(state: State): void;
  /** S3 has an upload for the file from now on. */
  opened(work: Work): void;
  /** A part was sent. */
  stored(): void;
  /** One of these parts was found on S3, and compared. */
  compared(parts: Parts): void;
  failed(problem: Problem): void;
  /** S3 takes no parts of the file into this upload. */
  foreign(work: Work): void;
  /** S3 holds the file; `sent` tells whether bytes had to be sent for that. */
  done(work: Work, sha256: string, sent: boolean): void;
}

/** What a try works with, of the engine around it. */
export interface Tools {
  readonly hashers: Hashers;
  pool(store: string): Pool;
  /** Something changed that the loops may act on. */
  worked(): void;
  /** Bytes moved: only the numbers changed. */
  progressed(): void;
}

/** Which uploads the file may go on with. */
export interface Choice {
  /** Whether only the one that it is to continue. */
  readonly only: boolean;
  /** Those that S3 takes no parts of this file into. */
  readonly refused: readonly string[];
}

/** How often S3 may say that it lost parts it had accepted. */
const MISSING_ROUNDS = 3;

/** Which hasher compares the first few parts; the others do so beside the sending. */
const PROOF_LANE = 0;

export class Attempt {
  readonly #course: Course;
  readonly #asking: FileRequests;
  readonly #tools: Tools;
  readonly #end = new AbortController();
  #missingRounds = 0;

  constructor(course: Course, asking: FileRequests, tools: Tools) {
    this.#course = course;
    this.#asking = asking;
    this.#tools = tools;
  }

  /** Aborts when the try is over before its end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  stop(): void {
    this.#end.abort();
  }

  /** Take the first step; the loops that hash, sign and send do the others. */
  async start(queued: Work, { only, refused }: Choice): Promise<void> {
    let work = queued;
    this.#course.to({ name: "checking", work });
    try {
      if (work.plan.compare) {
        const answer = await this.#compare(work);
        if (answer.kind === "multipart_upload_completed") {
          this.#course.done(work, answer.sha256, false);
          return;
        }
        work = this.#compared(work);
        this.#course.to({ name: "checking", work });
      }
      const opened = await findOrCreate(work, this.#course.file.size, {
        only,
        refused,
        create: (known) => this.#asking.create(known, this.signal),
        prove: (found, number) => this.prove(PROOF_LANE, found, number),
      });
      this.signal.throwIfAborted();
      this.#course.opened(opened);
      this.#upload(opened);
    } catch (error) {
      this.#stumble(error);
    }
  }

  /** Hash a part that is to be sent. */
  async hash(lane: number, work: Work, number: number): Promise<void> {
    const { parts } = work;
    parts.hashing(number);
    try {
      parts.hashed(number, await work.hashes.part(lane, work, number));
      this.#tools.worked();
    } catch (error) {
      parts.unhash(number);
      throw error;
    }
  }

  /** Compare a part on S3 with the file's. After a pause meanwhile, it counts for the next try. */
  async prove(lane: number, work: Work, number: number): Promise<void> {
    const { parts } = work;
    parts.hashing(number);
    try {
      parts.compared(number, await work.hashes.part(lane, work, number));
    } catch (error) {
      parts.unprove(number);
      throw error;
    }
    this.#course.compared(parts);
    this.#tools.worked();
  }

  /** Complete what has all its parts on S3; of one with parts that differ, the user is asked. */
  settle(work: Work): void {
    const { stored, differing, total } = work.parts;
    if (stored === total) void this.#complete(work);
    else if (stored + differing === total) {
      const message = text.differs(this.#course.file.name, stored, differing);
      this.#course.failed({ code: "differs", message });
    }
  }

  async #compare(work: Work): ReturnType<typeof compare> {
    const answer = await compare(work, {
      ask: (hashed) => this.#asking.compare(hashed, this.signal),
      hash: (cut) => this.#hashAs(cut, work),
    });
    this.signal.throwIfAborted();
    return answer;
  }

  /** Hash the file as an object was cut. */
  #hashAs(cut: Cut, work: Work): Promise<Hashed> {
    this.signal.throwIfAborted();
    const { size } = this.#course.file;
    const comparison = new Comparison(size, cut, work.plan.hash_file, work.hashes, this.signal);
    this.#course.to({ name: "comparing", work, comparison });
    return comparison.result;
  }

  /** The object is not the file, or is gone: it is sent, and hashed as it is cut for that. */
  #compared({ plan, parts, hashes, uploadId }: Work): Work {
    hashes.drop();
    const fresh = new FileChecksums(this.#course.file, this.#tools.hashers);
    return { plan: { ...plan, compare: false }, parts, hashes: fresh, uploadId };
  }

  #upload(work: Work): void {
    const course = this.#course;
    const { file } = course;
    const pool = this.#tools.pool(work.plan.store);
    const sending = new PartSender(file, work, this.signal, {
      stored: () => {
        course.stored();
        this.settle(work);
      },
      failed: (problem) => course.failed(problem),
      gone: () => course.failed({ code: "no_such_upload", message: text.gone(file.name) }),
      foreign: () => course.foreign(work),
      unreachable: () => pool.unreachable(),
      worked: () => this.#tools.worked(),
      progressed: () => this.#tools.progressed(),
    });
    course.to({ name: "uploading", work, sending });
    this.settle(work);
  }

  async #complete(work: Work): Promise<void> {
    this.#course.to({ name: "completing", work });
    try {
      const sha256 = work.plan.hash_file ? await work.hashes.whole(work.parts) : "";
      const reply = await this.#asking.complete(work, sha256, this.signal);
      if (reply.kind === "parts_missing") this.#sendAgain(work, reply.part_numbers);
      else this.#course.done(work, reply.sha256, true);
    } catch (error) {
      this.#stumble(error);
    }
  }

  #sendAgain(work: Work, numbers: readonly number[]): void {
    this.#missingRounds += 1;
    for (const number of numbers) work.parts.unsign(number);
    this.#upload(work);
    if (this.#missingRounds > MISSING_ROUNDS) {
      const message = text.partsMissing(this.#course.file.name);
      this.#course.failed({ code: "integrity", message });
    }
  }

  #stumble(error: unknown): void {
    if (!this.signal.aborted) this.#course.failed(problemOf(error, this.#course.file.name));
  }
}
