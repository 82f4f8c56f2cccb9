/**
 * One file on its way: which state it is in, and what each answer does to it. It pulls nothing:
 * the loops that hash, sign and send ask it for work.
 */

import { Asking } from "./asking";
import { Claim, type Rest } from "./claim";
import { Comparison, type Cut, compare, type Hashed } from "./comparing";
import type { Completing } from "./completing";
import type { Hashers } from "./hashers";
import { FileHashes } from "./hashes";
import type { Kernel } from "./kernel";
import { findOrCreate } from "./opening";
import { Parts } from "./parts";
import type { Picked } from "./picking";
import type { Outcome, Pool } from "./pool";
import { type Problem, problemOf } from "./problem";
import type { PlannedFile } from "./protocol";
import { Rate } from "./rate";
import { Sending } from "./sending";
import { type Begun, begunBy, checked, mayFollow, type State, type Work } from "./states";
import { text } from "./text";

/** What a file needs of the engine around it. */
export interface Surroundings {
  readonly kernel: Kernel;
  readonly hashers: Hashers;
  readonly completing: Completing;
  pool(store: string): Pool;
  /** Something changed that the loops may act on. */
  worked(): void;
  /** The file is in another state, with all that follows. */
  moved(upload: Upload): void;
  /** Bytes moved: only the numbers changed. */
  progressed(): void;
  /** The kernel has to plan this file again. */
  plan(upload: Upload): void;
  /** S3 has an upload for the file from now on. */
  opened(upload: Upload, begun: Begun): void;
  /** That upload is complete, or deleted. */
  ended(begun: Begun): void;
}

/** The kernel decides the key, and finds an upload or creates one. */
const ANY: Begun = { store: "", uri: "", key: "", uploadId: "" };

/** How often S3 may say that it lost parts it had accepted. */
const MISSING_ROUNDS = 3;

/** Which hasher compares the first few parts; the others do so beside the sending. */
const PROOF_LANE = 0;

/** How often one file may begin anew by itself. */
const AFRESH_ROUNDS = 3;

/** The kernel or S3 knows nothing of the upload: it was removed, or the kernel restarted. */
const GONE = new Set<Problem["code"]>(["no_such_upload", "unknown_file"]);

export class Upload {
  readonly id: string;
  file: File;
  /** Path inside a picked or dropped folder, else the name. */
  readonly path: string;
  readonly handle: FileSystemFileHandle | undefined;
  readonly rate = new Rate();
  /** The user's answer to a conflict; empty before there was one. */
  ifExists: "" | "overwrite" | "rename" = "";
  /** What it has to go on with. */
  continues: Begun;
  /** What hinders the upload just now without ending it, for people. */
  trouble = "";
  /** What the user has to know of how it began, and is no trouble. */
  note = "";
  #state: State = { name: "picked", held: false };
  #run = new AbortController();
  #missingRounds = 0;
  /** How often it began anew by itself, for each reason. */
  readonly #afresh = new Map<Problem["code"], number>();
  /** Uploads that S3 takes no parts of this file into. */
  readonly #foreign: string[] = [];
  #hashes: FileHashes;
  readonly #around: Surroundings;
  readonly #asking: Asking;
  readonly #claim: Claim;

  constructor(id: string, picked: Picked, around: Surroundings, continues = ANY) {
    this.id = id;
    this.file = picked.file;
    this.path = picked.path.normalize("NFC");
    this.handle = picked.handle;
    this.continues = continues;
    this.#around = around;
    this.#hashes = new FileHashes(picked.file, around.hashers);
    const hindered = (message: string): void => this.#hinder(message);
    this.#asking = new Asking(id, around.kernel, around.completing, hindered);
    this.#claim = new Claim(this.#asking);
  }

  get state(): State {
    return this.#state;
  }

  /** The kernel knows the file's key and how it is cut. */
  planned(plan: PlannedFile): void {
    this.#claim.taken();
    // Discarded while the kernel planned it: else nobody could have its key any more.
    if (this.#state.name === "aborting") this.#letGo("delete parts");
    if (this.#state.name !== "picked") return;
    this.trouble = "";
    const parts = new Parts(this.file.size, plan.part_size, plan.parts_total);
    const name = this.#state.held ? "paused" : "queued";
    this.#to({ name, work: { plan, parts, uploadId: "" } });
  }

  refuse(problem: Problem): void {
    if (this.#state.name !== "picked") return;
    this.#to({ name: "refused", problem });
    if (GONE.has(problem.code)) this.#startAfresh(problem.code);
  }

  /** The upload that the file goes on with, though it may be of another file. */
  get begun(): Begun {
    const begun = "work" in this.#state ? begunBy(this.#state.work) : ANY;
    return begun.uploadId === "" ? this.continues : begun;
  }

  /** Whether S3 holds an upload that is this file's, as far as is known. */
  get isBegun(): boolean {
    return this.begun.uploadId !== "" && !this.isOther;
  }

  /** Whether the file is not the one that was begun. */
  get isOther(): boolean {
    return this.#state.name === "refused" && this.#state.problem.code === "other_file";
  }

  /** Take the first step, or the next after a pause or a failure. */
  async start(): Promise<void> {
    if (this.#state.name !== "queued") return;
    let { work } = this.#state;
    this.#run = new AbortController();
    const { signal } = this.#run;
    this.#to({ name: "checking", work });
    try {
      if (work.plan.compare) {
        const answer = await this.#compare(work, signal);
        if (answer.kind === "multipart_upload_completed") {
          this.#finish(work, answer.sha256, false);
          return;
        }
        work = { ...work, plan: { ...work.plan, compare: false } };
        this.#renewHashes();
        this.#to({ name: "checking", work });
      }
      const opened = await findOrCreate(work, this.file.size, {
        only: this.continues.uploadId !== "",
        refused: this.#foreign,
        create: (refused) => this.#asking.create(refused, signal),
        prove: (found, number) => this.#prove(PROOF_LANE, found, number),
      });
      signal.throwIfAborted();
      this.#around.opened(this, begunBy(opened));
      this.#upload(opened);
    } catch (error) {
      this.#stumble(error, signal);
    }
  }

  pause(): void {
    const { name } = this.#state;
    if (name === "picked") this.#to({ name, held: true });
    else if (
      name === "queued" ||
      name === "comparing" ||
      name === "checking" ||
      name === "uploading"
    ) {
      const { work } = this.#state;
      this.#run.abort();
      this.#to({ name: "paused", work });
    }
  }

  /** Go on after a pause or a failure; what is on S3 stays there. What was asked stays asked. */
  resume(): void {
    if (this.#state.name === "refused" || this.isElsewhere) this.#replan("keep parts");
    else if (this.#state.name === "picked") this.#to({ name: "picked", held: false });
    else if (!this.differs) this.#queueAgain();
  }

  /** Whether the user is asked if parts on S3 that are not this file's shall be sent over. */
  get differs(): boolean {
    return this.#state.name === "failed" && this.#state.problem.code === "differs";
  }

  /** Answer that: yes. */
  sendDiffering(): void {
    if (this.#state.name !== "failed" || !this.differs) return;
    this.#state.work.parts.sendDiffering();
    this.#queueAgain();
  }

  /** Upload the file from its beginning, whatever it was to go on with. */
  startOver(): void {
    this.continues = ANY;
    if (this.#state.name === "refused") this.#replan("keep parts");
  }

  /** Whether the user holds it back. */
  get isPaused(): boolean {
    return this.#state.name === "paused" || (this.#state.name === "picked" && this.#state.held);
  }

  /** Whether another page took the file over. */
  get isElsewhere(): boolean {
    return this.#state.name === "failed" && this.#state.problem.code === "not_owner";
  }

  /** Whether this unfinished upload is of the file, as far as can be seen without reading it. */
  isOf({ size, lastModified }: File): boolean {
    if (this.#state.name === "done") return false;
    if (this.#hasChanged) return true;
    return this.file.size === size && this.file.lastModified === lastModified;
  }

  /** The same path was picked once more: go on with it, anew where it changed on disk. */
  pickedAgain(file: File): void {
    if (this.#hasChanged) {
      this.file = file;
      this.#replan("delete parts");
    } else {
      this.resume();
    }
  }

  get #hasChanged(): boolean {
    return this.#state.name === "failed" && this.#state.problem.code === "file_changed";
  }

  /** Answer a conflict: overwrite what has the key, or take another key. */
  resolve(choice: "overwrite" | "rename"): void {
    this.ifExists = choice;
    if (this.#state.name !== "refused" && this.#state.name !== "failed") return;
    this.#replan(choice === "rename" ? "delete parts" : "keep parts");
  }

  /**
   * Delete what S3 holds of the file; what another page took over stays there.
   *
   * @throws KernelError if the kernel cannot: the file has then `failed` with that reason.
   */
  async abort(): Promise<void> {
    if (this.#state.name === "done" || this.#state.name === "aborting") return;
    const before = this.#state;
    const begun = this.isBegun && !this.isElsewhere ? this.begun : ANY;
    this.#run.abort();
    this.#to({ name: "aborting" });
    try {
      // By the upload's own id: a kernel that has restarted knows nothing of the file.
      if (begun !== ANY) await this.#asking.abort(begun.key, begun.uploadId);
      await this.#claim.release("delete parts");
      this.#hashes.drop();
      if (begun !== ANY) this.#around.ended(begun);
    } catch (error) {
      const problem = problemOf(error, this.file.name);
      if ("work" in before) this.#to({ name: "failed", work: before.work, problem });
      else this.#to({ name: "refused", problem });
      throw error;
    }
  }

  /** The kernel or the page found out why nothing gets through. */
  fail(problem: Problem): void {
    if (!("work" in this.#state) || this.#state.name === "done") return;
    const { work } = this.#state;
    if (!mayFollow(this.#state.name, "failed")) return;
    if (problem.code === "other_file" && this.#turnAway(problem)) return;
    if (GONE.has(problem.code) && this.#startAfresh(problem.code)) return;
    this.#run.abort();
    this.#to({ name: "failed", work, problem });
  }

  /** Parts that may be hashed, signed and sent; undefined unless it is uploading. */
  get active(): Work | undefined {
    return this.#state.name === "uploading" ? this.#state.work : undefined;
  }

  /** How the file is being compared with an object, if it is. */
  get comparison(): Comparison | undefined {
    return this.#state.name === "comparing" ? this.#state.comparison : undefined;
  }

  /** Hash the next part. Resolves when it is hashed, or the file is given up. */
  async hashNext(lane: number): Promise<void> {
    const { active } = this;
    const number = active?.parts.next("hash");
    if (active === undefined || number === undefined) return;
    const { parts } = active;
    parts.hashing(number);
    try {
      parts.hashed(number, await this.#hashes.part(lane, active, number));
      this.#around.worked();
    } catch (error) {
      parts.unhash(number);
      if (this.#has(parts)) this.fail(problemOf(error, this.file.name));
    }
  }

  /** Compare the next part that S3 holds already. */
  async proveNext(lane: number): Promise<void> {
    const { active } = this;
    const number = active?.parts.next("prove");
    if (active === undefined || number === undefined) return;
    try {
      await this.#prove(lane, active, number);
      this.#around.worked();
    } catch (error) {
      if (this.#has(active.parts)) this.fail(problemOf(error, this.file.name));
    }
  }

  /** Send the next part that is ready. */
  send(): Promise<Outcome> | undefined {
    return this.#state.name === "uploading" ? this.#state.sending.next() : undefined;
  }

  /** Parts that rest may try again at once. */
  wake(): void {
    if (this.#state.name === "uploading") this.#state.sending.wake();
  }

  /** Whether these are the parts of the present plan. */
  #has(parts: Parts): boolean {
    return "work" in this.#state && this.#state.work.parts === parts;
  }

  /** Compare a part on S3 with the file's. After a pause meanwhile, it counts for the next try. */
  async #prove(lane: number, work: Work, number: number): Promise<void> {
    const { parts } = work;
    parts.hashing(number);
    try {
      parts.compared(number, await this.#hashes.part(lane, work, number));
    } catch (error) {
      parts.unprove(number);
      throw error;
    }
    const { active } = this;
    if (active?.parts === parts) this.#settleIfStored(active);
  }

  async #compare(work: Work, signal: AbortSignal): ReturnType<typeof compare> {
    const answer = await compare(work, {
      ask: (hashed) => this.#asking.compare(hashed, signal),
      hash: (cut) => this.#hashAs(cut, work, signal),
    });
    signal.throwIfAborted();
    return answer;
  }

  /** Hash the file as an object was cut. */
  #hashAs(cut: Cut, work: Work, signal: AbortSignal): Promise<Hashed> {
    signal.throwIfAborted();
    const { hash_file } = work.plan;
    const comparison = new Comparison(this.file.size, cut, hash_file, this.#hashes, signal);
    this.#to({ name: "comparing", work, comparison });
    return comparison.result;
  }

  /** The file is not the one that was begun: what is there stays as it is. */
  #turnAway(problem: Problem): boolean {
    if (!mayFollow(this.#state.name, "refused")) return false;
    this.#run.abort();
    this.#to({ name: "refused", problem });
    this.#letGo("keep parts");
    return true;
  }

  /** Nobody waits for it: where the kernel cannot, who picks the file next takes it over. */
  #letGo(rest: Rest): void {
    void this.#claim.release(rest).catch(() => {});
  }

  #hinder(message: string): void {
    this.trouble = message;
    this.#around.worked();
  }

  #upload(work: Work): void {
    const pool = this.#around.pool(work.plan.store);
    const sending = new Sending(this.file, work.parts, this.#run.signal, {
      stored: () => {
        // The kernel knows the file: should it restart once more, that is another matter.
        this.#afresh.delete("unknown_file");
        this.#settleIfStored(work);
      },
      failed: (problem) => this.fail(problem),
      gone: () => this.fail({ code: "no_such_upload", message: text.gone(this.file.name) }),
      foreign: () => this.#leaveAlone(work),
      unreachable: () => pool.unreachable(),
      worked: () => this.#around.worked(),
      progressed: () => this.#around.progressed(),
    });
    this.#to({ name: "uploading", work, sending });
    this.#settleIfStored(work);
  }

  #settleIfStored(work: Work): void {
    this.trouble = "";
    const { parts } = work;
    if (parts.stored === parts.total) void this.#complete(work);
    else if (parts.stored + parts.differing === parts.total) {
      const message = text.differs(this.file.name, parts.stored, parts.differing);
      this.fail({ code: "differs", message });
    }
  }

  async #complete(work: Work): Promise<void> {
    const { signal } = this.#run;
    this.#to({ name: "completing", work });
    try {
      const sha256 = work.plan.hash_file ? await this.#hashes.whole(work.parts) : "";
      const reply = await this.#asking.complete(work, sha256, signal);
      if (reply.kind === "parts_missing") this.#sendAgain(work, reply.part_numbers);
      else this.#finish(work, reply.sha256, true);
    } catch (error) {
      this.#stumble(error, signal);
    }
  }

  #finish(work: Work, sha256: string, sent: boolean): void {
    this.#hashes.drop();
    if (!sent) work.parts.storeAll();
    this.#around.ended(begunBy(work));
    this.#to({ name: "done", work, sha256, sent });
  }

  #sendAgain(work: Work, numbers: readonly number[]): void {
    this.#missingRounds += 1;
    for (const number of numbers) work.parts.unsign(number);
    this.#upload(work);
    if (this.#missingRounds > MISSING_ROUNDS) {
      this.#missingRounds = 0;
      this.fail({ code: "integrity", message: text.partsMissing(this.file.name) });
    }
  }

  #queueAgain(): void {
    if (this.#state.name !== "paused" && this.#state.name !== "failed") return;
    this.trouble = "";
    this.#afresh.clear();
    this.#to({ name: "queued", work: this.#state.work });
  }

  #stumble(error: unknown, signal: AbortSignal): void {
    if (!signal.aborted) this.fail(problemOf(error, this.file.name));
  }

  /** Whether the file begins anew: its upload is gone, and all parts with it. */
  #startAfresh(code: Problem["code"]): boolean {
    const rounds = (this.#afresh.get(code) ?? 0) + 1;
    this.#afresh.set(code, rounds);
    if (rounds > AFRESH_ROUNDS) return false;
    this.#replan("keep parts");
    if (code === "no_such_upload") {
      this.continues = ANY;
      this.note = text.startsAfresh(this.file.name);
    }
    return true;
  }

  /** The upload is another program's: one of the file's own is begun beside it. */
  #leaveAlone({ uploadId }: Work): void {
    if (this.#state.name !== "uploading") return;
    this.#foreign.push(uploadId);
    this.#replan("keep parts");
    this.continues = ANY;
  }

  /**
   * Everything from the beginning: the kernel forgets the file, then plans it anew. Parts that are
   * kept are compared and gone on with.
   */
  #replan(rest: Rest): void {
    this.continues = rest === "delete parts" ? ANY : this.begun;
    this.#run.abort();
    this.#run = new AbortController();
    this.#renewHashes();
    this.#to({ name: "picked", held: false });
    void this.#releaseThenPlan(rest, this.#run.signal);
  }

  #renewHashes(): void {
    this.#hashes.drop();
    this.#hashes = new FileHashes(this.file, this.#around.hashers);
  }

  async #releaseThenPlan(rest: Rest, signal: AbortSignal): Promise<void> {
    try {
      await this.#claim.release(rest);
      if (!signal.aborted) this.#around.plan(this);
    } catch (error) {
      if (!signal.aborted) this.refuse(problemOf(error, this.file.name));
    }
  }

  #to(state: State): void {
    this.#state = checked(this.#state.name, state);
    this.#around.moved(this);
  }
}
