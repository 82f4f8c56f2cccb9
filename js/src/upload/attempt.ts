/**
 * One attempt to get a file to S3, from its first step to its last:
 *
 * 1. Compare the file with the object that its key may have already (`comparison`).
 * 2. Find an unfinished upload that is this file's, or have the kernel create one (`requests`).
 * 3. Prove the parts that are on S3: a few tell whose they are, the others are compared meanwhile
 *    (`checksums`).
 * 4. Hash, sign and send what is missing. The engine's loops pull each part through these steps
 *    (`engine/hash-loop`, `engine/signer`, `part-sender`); `parts` knows how far each part is.
 * 5. Have the kernel complete the upload and prove the object (`requests`).
 *
 * A pause, a failure or a new plan stops the attempt; parts that it has proven stay so for the next
 * one. Knows no view and no other file.
 */

import type { Outcome, Pool } from "../net/pool";
import type { MultipartUploadCreated } from "../protocol";
import { GUARDS_FILES } from "../reading";
import { text } from "../text/text";
import { Comparison, type Cut, compare, type Hashed } from "./comparison";
import { PartSender } from "./part-sender";
import { Parts } from "./parts";
import { OtherFileError, problemOf } from "./problem";
import type { FileRequests } from "./requests";
import type { AttemptEvents } from "./states";
import type { Work } from "./work";

/** How often S3 may say that it lost parts it had accepted. */
const MISSING_ROUNDS = 3;

/** Which hasher compares parts once all are sent: then all are idle. */
const PROOF_LANE = 0;

export class Attempt {
  readonly #file: File;
  readonly #requests: FileRequests;
  readonly #events: AttemptEvents;
  readonly #end = new AbortController();
  readonly #sender: PartSender;
  #missingRounds = 0;

  constructor(file: File, requests: FileRequests, events: AttemptEvents) {
    this.#file = file;
    this.#requests = requests;
    this.#events = events;
    const { signal } = this;
    this.#sender = new PartSender(file, (...part) => requests.relay(...part), events, signal);
  }

  /** Aborts when the attempt is over before its end. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  stop(): void {
    this.#end.abort();
  }

  /**
   * Take the first steps, up to the sending.
   *
   * @param incompatible uploads that S3 takes no parts of this file into.
   * @param only whether no upload will do but the one that the file is to continue.
   * @param ahead whether to hash the first parts while the kernel asks S3.
   */
  async start(
    queued: Work,
    incompatible: readonly string[],
    only: boolean,
    ahead: boolean,
  ): Promise<void> {
    let work = queued;
    this.#events.entered({ name: "checking", work });
    try {
      if (work.plan.compare) {
        const reply = await this.#compare(work);
        if (reply.kind === "multipart_upload_completed") {
          const { sha256, without } = reply;
          this.#events.completed({ ...work, without }, sha256, false);
          return;
        }
        work = afterComparison(work);
        this.#events.entered({ name: "checking", work });
      }
      if (ahead && work.parts.total > 1) work.checksums.hashAhead(work);
      work = await this.#findOrCreate(work, incompatible, only);
      this.signal.throwIfAborted();
      this.#events.opened(work);
      this.#upload(work);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Step 1. The object is the file, or is gone; else the file's key is taken. */
  async #compare(work: Work): ReturnType<typeof compare> {
    const reply = await compare(
      work,
      (hashed) => this.#requests.compare(hashed, this.signal),
      (cut) => this.#hashAs(cut, work),
    );
    this.signal.throwIfAborted();
    return reply;
  }

  /** Hash the file as an object was cut. */
  #hashAs(cut: Cut, work: Work): Promise<Hashed> {
    this.signal.throwIfAborted();
    const { plan, checksums } = work;
    const comparison = new Comparison(this.#file.size, cut, plan.hash_file, checksums, this.signal);
    this.#events.entered({ name: "comparing", work, comparison });
    return comparison.result;
  }

  /** Step 2. Uploads with another file's parts are left alone. */
  async #findOrCreate(work: Work, incompatible: readonly string[], only: boolean): Promise<Work> {
    if (work.parts.total === 1) return work;
    for (const others = [...incompatible]; ; ) {
      const created = await this.#requests.create(others, this.signal);
      const open = openWork(work, created, this.#file.size, others.length > 0);
      open.parts.offer(created.found);
      if (await this.#isOwn(open)) return open;
      if (only) throw new OtherFileError();
      others.push(created.upload_id);
    }
  }

  /** Step 3. Whether parts on S3 are this file's, if there are any. */
  async #isOwn(work: Work): Promise<boolean> {
    const { parts } = work;
    // Parts that an earlier attempt has proven tell enough.
    const found = parts.stored > 0 ? [] : parts.toProve();
    await Promise.all([...probes(found)].map((number, lane) => this.prove(lane, work, number)));
    return parts.stored > 0 || parts.differing === 0;
  }

  /** Compare a part on S3 with the file's; after a pause meanwhile the next attempt uses it. */
  async prove(lane: number, work: Work, number: number): Promise<void> {
    const { parts } = work;
    parts.hashing(number);
    try {
      parts.compared(number, await work.checksums.part(lane, work, number));
    } catch (error) {
      parts.unprove(number);
      throw error;
    }
    this.#events.partCompared(parts);
    this.#events.ready();
  }

  /** Step 4, as often as parts are missing. */
  #upload(work: Work): void {
    this.#events.entered({ name: "uploading", work });
    this.settle(work);
  }

  /** Hash a part that is to be sent. */
  async hash(lane: number, work: Work, number: number): Promise<void> {
    const { parts } = work;
    parts.hashing(number);
    try {
      parts.hashed(number, await work.checksums.part(lane, work, number));
      this.#events.ready();
    } catch (error) {
      parts.unhash(number);
      throw error;
    }
  }

  /** Send the next part that is hashed, and signed for a pool; undefined if there is none. */
  sendNext(work: Work, pool: Pool): Promise<Outcome> | undefined {
    return this.#sender.sendNext(work, pool);
  }

  /** Parts that rest may be tried again at once. */
  endRests(): void {
    this.#sender.endRests();
  }

  /** Complete once all parts are on S3; if some of them differ, the user decides. */
  settle(work: Work): void {
    const { stored, differing, total } = work.parts;
    if (stored === total) void this.#complete(work);
    else if (stored + differing === total) {
      const message = text.differs(this.#file.name, stored, differing);
      this.#events.failed({ code: "differs", message });
    }
  }

  /** Step 5. */
  async #complete(work: Work): Promise<void> {
    this.#events.entered({ name: "completing", work });
    try {
      if (!GUARDS_FILES && work.parts.total > 1) await this.#compareAgain(work);
      const sha256 = work.plan.hash_file ? await work.checksums.whole(work.parts) : "";
      const reply = await this.#requests.complete(work, sha256, this.signal);
      if (reply.kind === "parts_missing") this.#sendAgain(work, reply.part_numbers);
      else this.#events.completed(work, reply.sha256, true);
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * A file that was written to while its parts were sent is no longer any of its states.
   *
   * @throws FileChangedError if a part is not what was sent.
   */
  async #compareAgain(work: Work): Promise<void> {
    for (let number = 1; number <= work.parts.total; number += 1) {
      await work.checksums.part(PROOF_LANE, work, number);
      this.signal.throwIfAborted();
    }
  }

  #sendAgain(work: Work, numbers: readonly number[]): void {
    this.#missingRounds += 1;
    for (const number of numbers) work.parts.unsign(number);
    this.#upload(work);
    if (this.#missingRounds > MISSING_ROUNDS) {
      const message = text.partsMissing(this.#file.name);
      this.#events.failed({ code: "integrity", message });
    }
  }

  #fail(error: unknown): void {
    if (!this.signal.aborted) this.#events.failed(problemOf(error, this.#file.name));
  }
}

/** The object is gone: the file is sent, and hashed as it is cut for that. */
function afterComparison(work: Work): Work {
  const { plan, checksums } = work;
  return { ...work, plan: { ...plan, compare: false }, checksums: checksums.fresh() };
}

/** The first, the middle and the last part tell whose the others are. */
function probes(found: readonly number[]): Set<number> {
  const picked = [found[0], found[found.length >> 1], found.at(-1)];
  return new Set(picked.filter((number) => number !== undefined));
}

/** What is known of an upload's parts stays; for another upload it is useless. */
function openWork(work: Work, created: MultipartUploadCreated, size: number, other: boolean): Work {
  const { checksums } = work;
  const { upload_id, part_size, parts_total, md5, without } = created;
  const same = work.uploadId === upload_id || work.uploadId === "";
  const keeps = same && !other && work.parts.partSize === part_size;
  const parts = keeps ? work.parts : new Parts(size, part_size, parts_total);
  const plan = { ...work.plan, part_size, parts_total, md5 };
  return { plan, parts, checksums, uploadId: upload_id, without };
}
