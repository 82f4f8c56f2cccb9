/**
 * One file on its way: which state it is in, and what each answer does to it. It pulls nothing:
 * the loops that hash, sign and send ask it for work.
 */

import type { Completions } from "../kernel/completions";
import type { Kernel } from "../kernel/kernel";
import type { Outcome } from "../net/pool";
import { Rate } from "../net/rate";
import type { Picked } from "../pick/drop";
import type { PlannedFile } from "../protocol";
import { text } from "../text/text";
import { Attempt, type Course, type Tools } from "./attempt";
import { FileChecksums } from "./checksums";
import type { Comparison } from "./comparison";
import { Parts } from "./parts";
import { type Problem, problemOf } from "./problem";
import { Claim, FileRequests, type Rest } from "./requests";
import { checked, mayFollow, type State } from "./states";
import { begunBy, type UploadAddress, type Work } from "./work";

/** What a file needs of the engine around it. */
export interface Surroundings extends Tools {
  readonly kernel: Kernel;
  readonly completing: Completions;
  /** The file is in another state, with all that follows. */
  moved(upload: Upload): void;
  /** The kernel has to plan this file again. */
  plan(upload: Upload): void;
  /** S3 has an upload for the file from now on. */
  opened(upload: Upload, begun: UploadAddress): void;
  /** That upload is complete, or deleted. */
  ended(begun: UploadAddress): void;
}

/** States that end by themselves. */
const MOVING = new Set<State["name"]>([
  "queued",
  "comparing",
  "checking",
  "uploading",
  "completing",
]);

/** The kernel decides the key, and finds an upload or creates one. */
const ANY: UploadAddress = { store: "", uri: "", key: "", uploadId: "" };

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
  continues: UploadAddress;
  /** What hinders the upload just now without ending it, for people. */
  trouble = "";
  /** What the user has to know of how it began, and is no trouble. */
  note = "";
  #state: State = { name: "picked", held: false };
  #run: Attempt;
  /** How often it began anew by itself, for each reason. */
  readonly #afresh = new Map<Problem["code"], number>();
  /** Uploads that S3 takes no parts of this file into. */
  readonly #foreign: string[] = [];
  readonly #around: Surroundings;
  readonly #asking: FileRequests;
  readonly #claim: Claim;

  constructor(id: string, picked: Picked, around: Surroundings, continues = ANY) {
    this.id = id;
    this.file = picked.file;
    this.path = picked.path.normalize("NFC");
    this.handle = picked.handle;
    this.continues = continues;
    this.#around = around;
    const hindered = (message: string): void => this.#hinder(message);
    this.#asking = new FileRequests(id, around.kernel, around.completing, hindered);
    this.#claim = new Claim(this.#asking);
    this.#run = this.#newRun();
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
    const hashes = new FileChecksums(this.file, this.#around.hashers);
    const name = this.#state.held ? "paused" : "queued";
    this.#to({ name, work: { plan, parts, hashes, uploadId: "" } });
  }

  refuse(problem: Problem): void {
    if (this.#state.name !== "picked") return;
    this.#to({ name: "refused", problem });
    if (GONE.has(problem.code)) this.#startAfresh(problem.code);
  }

  /** The upload that the file goes on with, though it may be of another file. */
  get begun(): UploadAddress {
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
    this.#run = this.#newRun();
    const only = this.continues.uploadId !== "";
    await this.#run.start(this.#state.work, { only, refused: this.#foreign });
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
      this.#run.stop();
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
    this.#run.stop();
    this.#to({ name: "aborting" });
    try {
      // By the upload's own id: a kernel that has restarted knows nothing of the file.
      if (begun !== ANY) await this.#asking.abort(begun.key, begun.uploadId);
      await this.#claim.release("delete parts");
      if ("work" in before) before.work.hashes.drop();
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
    if (!("work" in this.#state) || !MOVING.has(this.#state.name)) return;
    const { work } = this.#state;
    if (problem.code === "other_file" && this.#turnAway(problem)) return;
    if (GONE.has(problem.code) && this.#startAfresh(problem.code)) return;
    this.#run.stop();
    this.#to({ name: "failed", work, problem });
  }

  /** Another page goes on with the file, also where it rests here. */
  lose(): void {
    if (!("work" in this.#state) || this.#state.name === "done") return;
    const { work } = this.#state;
    this.#run.stop();
    const message = text.elsewhere(this.file.name);
    this.#to({ name: "failed", work, problem: { code: "not_owner", message } });
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
    try {
      await this.#run.hash(lane, active, number);
    } catch (error) {
      if (this.#has(active.parts)) this.fail(problemOf(error, this.file.name));
    }
  }

  /** Compare the next part that S3 holds already. */
  async proveNext(lane: number): Promise<void> {
    const { active } = this;
    const number = active?.parts.next("prove");
    if (active === undefined || number === undefined) return;
    try {
      await this.#run.prove(lane, active, number);
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

  /** The file is not the one that was begun: what is there stays as it is. */
  #turnAway(problem: Problem): boolean {
    if (!mayFollow(this.#state.name, "refused")) return false;
    this.#run.stop();
    if ("work" in this.#state) this.#state.work.hashes.drop();
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

  #newRun(): Attempt {
    return new Attempt(this.#course(), this.#asking, this.#around);
  }

  #course(): Course {
    return {
      file: this.file,
      to: (state) => this.#to(state),
      opened: (work) => this.#around.opened(this, begunBy(work)),
      stored: () => {
        this.trouble = "";
        // The kernel knows the file: should it restart once more, that is another matter.
        this.#afresh.delete("unknown_file");
      },
      compared: (parts) => this.#compared(parts),
      failed: (problem) => this.fail(problem),
      foreign: (work) => this.#leaveAlone(work),
      done: (work, sha256, sent) => this.#finish(work, sha256, sent),
    };
  }

  /** A pause and another try may have come while a part was compared: that goes on with it. */
  #compared(parts: Parts): void {
    this.trouble = "";
    const { active } = this;
    if (active?.parts === parts) this.#run.settle(active);
  }

  #finish(work: Work, sha256: string, sent: boolean): void {
    work.hashes.drop();
    if (!sent) work.parts.storeAll();
    this.#around.ended(begunBy(work));
    this.#to({ name: "done", work, sha256, sent });
  }

  #queueAgain(): void {
    if (this.#state.name !== "paused" && this.#state.name !== "failed") return;
    this.trouble = "";
    this.#afresh.clear();
    this.#to({ name: "queued", work: this.#state.work });
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
    this.#run.stop();
    this.#run = this.#newRun();
    if ("work" in this.#state) this.#state.work.hashes.drop();
    this.#to({ name: "picked", held: false });
    void this.#releaseThenPlan(rest, this.#run.signal);
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
