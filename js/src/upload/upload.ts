/**
 * One file in the list: its state, and how each event changes that. The steps of the upload are in
 * `attempt`. It drives nothing by itself: the loops that hash, sign and send ask it for work.
 */

import type { Hashers } from "../hashing/workers";
import type { Completions } from "../kernel/completions";
import type { Kernel } from "../kernel/kernel";
import type { PartRelay } from "../kernel/relay";
import type { Outcome, Pool } from "../net/pool";
import { Rate } from "../net/rate";
import type { Picked } from "../pick/drop";
import type { PlannedFile } from "../protocol";
import { text } from "../text/text";
import { Attempt } from "./attempt";
import { FileChecksums } from "./checksums";
import type { Comparison } from "./comparison";
import { Parts } from "./parts";
import { type Problem, problemOf } from "./problem";
import { FileRequests, type Leftover } from "./requests";
import {
  type AttemptEvents,
  checked,
  refusedBy,
  type Sign,
  type State,
  type StateName,
  stoppedBy,
} from "./states";
import { addressOf, type UploadAddress, type Work } from "./work";

/** The engine around the files of one widget. */
export interface Engine {
  readonly kernel: Kernel;
  readonly relay: PartRelay;
  readonly completions: Completions;
  readonly hashers: Hashers;
  /** Have the kernel plan files, also again. */
  plan(uploads: readonly Upload[]): void;
  /** A store has a part whose answer was lost: it answers. */
  trust(store: string): void;
  /** A part did not get through: whether that is a matter of the name, as others are good. */
  fails(upload: Upload, pool: Pool): boolean;
  /** Have the loops look for work. */
  schedule(): void;
  /** Only numbers or words changed. */
  progressed(): void;
  stateChanged(upload: Upload): void;
  /** Parts of the file may be sent, into an upload that S3 holds from now on. */
  uploadOpened(upload: Upload, address: UploadAddress): void;
  /** A part met something in the store's place. */
  suspect(upload: Upload, sign: Sign): void;
  /** A part was lost before a byte of it left this page. */
  unheard(upload: Upload): void;
  /** Whether parts go another way than from the page, once running looks for a reason are over. */
  detoured(upload: Upload): Promise<boolean>;
  /** That upload is complete, or deleted. */
  uploadEnded(address: UploadAddress): void;
}

/** States that end by themselves. */
const MOVING = new Set<StateName>(["queued", "comparing", "checking", "uploading", "completing"]);

const PAUSABLE = new Set<StateName>(["queued", "comparing", "checking", "uploading"]);

/** Another pick of their path is another file's, whatever became of this one on disk. */
const SETTLED = new Set<StateName>(["done", "elsewhere"]);

/** The kernel decides the key, and finds an upload or creates one. */
const ANY: UploadAddress = { store: "", uri: "", key: "", uploadId: "" };

/** How often one file may start over by itself, for each reason. */
const MAX_RESTARTS = 3;

/** The kernel or S3 knows nothing of the upload: it was removed, or the kernel restarted. */
const GONE = new Set<Problem["code"]>(["no_such_upload", "unknown_file"]);

export class Upload {
  readonly id: string;
  file: File;
  /** Path inside a picked or dropped folder, else the name. */
  readonly path: string;
  readonly handle: FileSystemFileHandle | undefined;
  readonly rate = new Rate();
  /** The user's decision on a conflict; empty before there was one. */
  ifExists: "" | "overwrite" | "rename" | "read" = "";
  /** Whether the list has another file of this path, size and date, with other bytes. */
  readonly twin: boolean;
  /** The upload that the kernel is asked to resume. */
  continues: UploadAddress;
  /** What hinders the upload just now without ending it, for people. */
  trouble = "";
  /** What the user should know of its start, and is no trouble. */
  note = "";
  #state: State = { name: "picked", held: false };
  #attempt: Attempt;
  /**
   * Whether the user picked it again after it had changed: whatever differs from the parts on S3 is
   * sent again, and no longer asked about.
   */
  #isRenewed = false;
  /** How often it started over by itself, for each reason. */
  readonly #restarts = new Map<Problem["code"], number>();
  /** Uploads that S3 takes no parts of this file into. */
  readonly #incompatible: string[] = [];
  readonly #engine: Engine;
  readonly #requests: FileRequests;

  constructor(id: string, picked: Picked, engine: Engine, continues = ANY, twin = false) {
    this.id = id;
    this.twin = twin;
    this.file = picked.file;
    this.path = picked.path.normalize("NFC");
    this.handle = picked.handle;
    this.continues = continues;
    this.#engine = engine;
    const setTrouble = (message: string): void => {
      this.trouble = message;
      engine.schedule();
    };
    const { kernel, relay, completions } = engine;
    this.#requests = new FileRequests(id, kernel, relay, completions, setTrouble);
    this.#attempt = this.#newAttempt();
  }

  get state(): State {
    return this.#state;
  }

  /** The upload on S3 that the file resumes, though that may be another file's. */
  get address(): UploadAddress {
    if (this.#state.name === "aborting") return this.#state.address;
    const address = "work" in this.#state ? addressOf(this.#state.work) : ANY;
    return address.uploadId === "" ? this.continues : address;
  }

  /** Whether S3 holds an upload that is this file's, as far as is known. */
  get isOnS3(): boolean {
    return this.address.uploadId !== "" && this.#state.name !== "otherFile";
  }

  /** Whether the user holds it back. */
  get isPaused(): boolean {
    return this.#state.name === "paused" || (this.#state.name === "picked" && this.#state.held);
  }

  /** Work whose parts may be hashed, signed and sent; undefined unless it is uploading. */
  get active(): Work | undefined {
    return this.#state.name === "uploading" ? this.#state.work : undefined;
  }

  /** How the file is being compared with an object, if it is. */
  get comparison(): Comparison | undefined {
    return this.#state.name === "comparing" ? this.#state.comparison : undefined;
  }

  /** Whether this unfinished upload is of the file, as far as can be seen without reading it. */
  isOf({ size, lastModified }: File): boolean {
    if (this.#state.name === "done") return false;
    if (this.hasChanged) return true;
    return this.file.size === size && this.file.lastModified === lastModified;
  }

  /** Whether it failed because it was changed on disk. */
  get hasChanged(): boolean {
    return this.#state.name === "failed" && this.#state.problem.code === "file_changed";
  }

  /** The kernel is asked for a plan. */
  planning(answered: Promise<unknown>): void {
    this.#requests.planning(answered);
  }

  /** Whatever the kernel is asked after this comes after the question for this file's plan. */
  get planningOver(): Promise<void> {
    return this.#requests.planningOver;
  }

  /** The kernel knows the file's key and how it is cut. */
  planned(plan: PlannedFile): void {
    this.#requests.planned();
    // Discarded while the kernel planned it: else nobody could have its key any more.
    if (this.#state.name === "aborting") this.#forget("delete parts");
    if (this.#state.name !== "picked") return;
    this.trouble = "";
    const parts = new Parts(this.file.size, plan.part_size, plan.parts_total);
    const checksums = new FileChecksums(this.file, this.#engine.hashers);
    const name = this.#state.held ? "paused" : "queued";
    this.#to({ name, work: { plan, parts, checksums, uploadId: "", without: [] } });
  }

  /** The file gets no plan. */
  refuse(problem: Problem): void {
    if (this.#state.name !== "picked") return;
    this.#to(refusedBy(problem));
    if (GONE.has(problem.code)) this.#restart(problem.code);
  }

  /** The kernel or the page found out why nothing gets through. */
  fail(problem: Problem): void {
    if (!("work" in this.#state) || !MOVING.has(this.#state.name)) return;
    const { work } = this.#state;
    if (GONE.has(problem.code) && this.#restart(problem.code)) return;
    if (this.#isRenewed && problem.code === "other_file") {
      this.#replan("delete parts");
      return;
    }
    this.#attempt.stop();
    const stopped = stoppedBy(problem, work);
    this.#to(stopped);
    if (this.#isRenewed) this.sendDiffering();
    if (stopped.name !== "otherFile") return;
    // What is there stays as it is.
    work.checksums.drop();
    this.#forget("keep parts");
  }

  /** Another page sends the file now, also where it rests here. */
  takenOver(): void {
    if (!("work" in this.#state) || this.#state.name === "done") return;
    const { work } = this.#state;
    this.#attempt.stop();
    const message = text.elsewhere(this.file.name);
    this.#to({ name: "elsewhere", work, problem: { code: "not_owner", message } });
  }

  /** The kernel reads the object back that the file is compared with. */
  objectRead(bytes: number): void {
    if (this.comparison !== undefined) this.comparison.bytesRead = bytes;
  }

  pause(): void {
    const { name } = this.#state;
    if (name === "picked") this.#to({ name, held: true });
    else if ("work" in this.#state && PAUSABLE.has(name)) {
      const { work } = this.#state;
      this.#attempt.stop();
      this.#to({ name: "paused", work });
    }
  }

  /** Resume after a pause or a failure; what is on S3 stays there. Open questions stay open. */
  resume(): void {
    const state = this.#state;
    if (state.name === "picked") this.#to({ name: "picked", held: false });
    else if (state.name === "elsewhere") this.#replan("keep parts");
    else if (state.name === "paused") this.#requeue(state.work);
    else if (state.name !== "differs" && "problem" in state) {
      if ("work" in state) this.#requeue(state.work);
      else this.#replan("keep parts");
    }
  }

  /** Decide what `differs` asks: send those parts over what S3 holds. */
  sendDiffering(): void {
    if (this.#state.name !== "differs") return;
    const { work } = this.#state;
    work.parts.sendDiffering();
    this.#requeue(work);
  }

  /** Decide a conflict: overwrite the object that has the key, take another key, or compare. */
  resolve(choice: "overwrite" | "rename" | "read"): void {
    this.ifExists = choice;
    if (!("problem" in this.#state)) return;
    this.#replan(choice === "rename" ? "delete parts" : "keep parts");
  }

  /** Upload the file from its beginning, whatever it was to continue. */
  startOver(): void {
    this.continues = ANY;
    if ("problem" in this.#state && !("work" in this.#state)) this.#replan("keep parts");
  }

  /** The same path was picked again: resume it, as it is on disk now. */
  pickedAgain(file: File): void {
    if (this.hasChanged) this.#renew(file);
    else this.resume();
  }

  /** Whether a file of its path, with another size or date, may be it as it is on disk now. */
  get mayHaveChanged(): boolean {
    return "work" in this.#state && !SETTLED.has(this.#state.name);
  }

  /** The file was picked again, and is another one on disk by now. */
  pickedChanged(file: File): void {
    this.note = text.changedOnDisk(file.name);
    this.#renew(file);
  }

  /** Parts that are equal serve still: perhaps only the file's time is another. */
  #renew(file: File): void {
    const fits = file.size === this.file.size;
    this.file = file;
    this.#isRenewed = true;
    this.#replan(fits ? "keep parts" : "delete parts");
  }

  /**
   * Delete what S3 holds of the file; what another page took over stays there.
   *
   * @throws KernelError if the kernel cannot: the file has then `failed` with that reason.
   */
  async abort(): Promise<void> {
    const before = this.#state;
    if (before.name === "done" || before.name === "aborting") return;
    const address = this.isOnS3 && before.name !== "elsewhere" ? this.address : ANY;
    this.#attempt.stop();
    this.#to({ name: "aborting", address: this.address });
    try {
      // By the upload's own id: a kernel that has restarted knows nothing of the file.
      if (address !== ANY) await this.#requests.abort(address.key, address.uploadId);
      await this.#requests.forget("delete parts");
      if ("work" in before) before.work.checksums.drop();
      if (address !== ANY) this.#engine.uploadEnded(address);
    } catch (error) {
      const problem = problemOf(error, this.file.name);
      this.#to("work" in before ? stoppedBy(problem, before.work) : refusedBy(problem));
      throw error;
    }
  }

  /**
   * Take the first steps, or the next ones after a pause or a failure.
   *
   * @param ahead whether to hash the first parts before they can be sent.
   */
  async start(ahead: boolean): Promise<void> {
    if (this.#state.name !== "queued") return;
    this.#attempt = this.#newAttempt();
    const only = this.continues.uploadId !== "";
    await this.#attempt.start(this.#state.work, this.#incompatible, only, ahead);
  }

  /** Hash the next part. Resolves when it is hashed, or the file is given up. */
  async hashNext(lane: number): Promise<void> {
    const { active } = this;
    const number = active?.parts.next("hash");
    if (active === undefined || number === undefined) return;
    await this.#failing(active, this.#attempt.hash(lane, active, number));
  }

  /** Compare the next part that S3 holds already. */
  async proveNext(lane: number): Promise<void> {
    const { active } = this;
    const number = active?.parts.next("prove");
    if (active === undefined || number === undefined) return;
    await this.#failing(active, this.#attempt.prove(lane, active, number));
  }

  /** The kernel found a part on S3 whose answer was lost. */
  partFound(parts: Parts, number: number): void {
    if (!["sign", "signing"].includes(parts.step(number))) return;
    parts.store(number);
    if (this.active !== undefined) this.#engine.trust(this.active.plan.store);
    this.#partStored(parts);
    this.#engine.schedule();
  }

  /** Send the next part that is ready for a pool; undefined if there is none. */
  sendNext(pool: Pool): Promise<Outcome> | undefined {
    return this.active && this.#attempt.sendNext(this.active, pool);
  }

  /** Parts that rest may be tried again at once. */
  endRests(): void {
    this.#attempt.endRests();
  }

  /** A step that fails, fails the file, unless that has other parts by now. */
  async #failing({ parts }: Work, step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (error) {
      const isPresent = "work" in this.#state && this.#state.work.parts === parts;
      if (isPresent) this.fail(problemOf(error, this.file.name));
    }
  }

  #newAttempt(): Attempt {
    return new Attempt(this.file, this.#requests, this.#events());
  }

  #events(): AttemptEvents {
    return {
      entered: (state) => this.#to(state),
      opened: (work) => this.#engine.uploadOpened(this, addressOf(work)),
      partSent: (parts) => {
        // The kernel knows the file: should it restart once more, that is another matter.
        this.#restarts.delete("unknown_file");
        this.#partStored(parts);
      },
      partCompared: (parts) => this.#partStored(parts),
      failed: (problem) => this.fail(problem),
      incompatible: (work) => this.#leave(work),
      suspicious: (sign) => this.#engine.suspect(this, sign),
      unheard: () => this.#engine.unheard(this),
      detoured: () => this.#engine.detoured(this),
      fails: (pool) => this.#engine.fails(this, pool),
      completed: (work, sha256, sent) => this.#completed(work, sha256, sent),
      ready: () => this.#engine.schedule(),
      progressed: () => this.#engine.progressed(),
    };
  }

  /** A pause and another attempt may have come meanwhile: that one settles the file. */
  #partStored(parts: Parts): void {
    this.trouble = "";
    const { active } = this;
    if (active?.parts === parts) this.#attempt.settle(active);
  }

  #completed(work: Work, sha256: string, sent: boolean): void {
    work.checksums.drop();
    if (!sent) work.parts.storeAll();
    this.#engine.uploadEnded(addressOf(work));
    this.#to({ name: "done", work, sha256, sent });
  }

  /** Leave another program's upload alone: the file gets one of its own beside it. */
  #leave({ uploadId }: Work): void {
    if (this.#state.name !== "uploading") return;
    this.#incompatible.push(uploadId);
    this.#replan("keep parts");
    this.continues = ANY;
  }

  #requeue(work: Work): void {
    this.trouble = "";
    this.#restarts.clear();
    this.#to({ name: "queued", work });
  }

  /** Start over, as the upload is gone and all parts with it; whether it may do so once more. */
  #restart(code: Problem["code"]): boolean {
    const restarts = (this.#restarts.get(code) ?? 0) + 1;
    this.#restarts.set(code, restarts);
    if (restarts > MAX_RESTARTS) return false;
    this.#replan("keep parts");
    if (code === "no_such_upload") {
      this.continues = ANY;
      this.note = text.startsOver(this.file.name);
    }
    return true;
  }

  /** The kernel forgets the file, then plans it again; parts that are kept are resumed. */
  #replan(leftover: Leftover): void {
    this.continues = leftover === "delete parts" ? ANY : this.address;
    this.#attempt.stop();
    this.#attempt = this.#newAttempt();
    if ("work" in this.#state) this.#state.work.checksums.drop();
    this.#to({ name: "picked", held: false });
    void this.#forgetThenPlan(leftover, this.#attempt.signal);
  }

  async #forgetThenPlan(leftover: Leftover, signal: AbortSignal): Promise<void> {
    try {
      await this.#requests.forget(leftover);
      if (!signal.aborted) this.#engine.plan([this]);
    } catch (error) {
      if (!signal.aborted) this.refuse(problemOf(error, this.file.name));
    }
  }

  /** Fire and forget: if the kernel cannot do it, the next pick of this file takes over. */
  #forget(leftover: Leftover): void {
    void this.#requests.forget(leftover).catch(() => {});
  }

  #to(state: State): void {
    this.#state = checked(this.#state.name, state);
    this.#engine.stateChanged(this);
  }
}
