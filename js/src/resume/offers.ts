/**
 * Unfinished uploads that the user may resume: those that S3 lists, with what this browser
 * remembers of the files. Knows no view.
 */

import { type Kernel, KernelError, retrying } from "../kernel/kernel";
import { MAX_REMEMBERED, type UnfinishedListed, type UnfinishedUpload } from "../protocol";
import { text } from "../text/text";
import { tuning } from "../tuning";
import type { UploadAddress } from "../upload/work";
import { forget, type Remembered, recall, remember } from "./memory";
import { heldUploads, TabLocks } from "./tab-locks";

/** An unfinished upload that this browser or this kernel started. */
export interface Offer extends UnfinishedUpload {
  /** What this browser remembers of the file; undefined if another browser started it. */
  readonly remembered: Remembered | undefined;
}

const NOTHING: UnfinishedListed = {
  kind: "unfinished_listed",
  store: "",
  uploads: [],
  gone: [],
  others: 0,
  denied: [],
};

export class Offers {
  readonly #kernel: Kernel;
  readonly #changed: () => void;
  readonly #signal: AbortSignal;
  readonly #later = new Set<string>();
  readonly #discarding = new Set<string>();
  #listed = NOTHING;
  #remembered: readonly Remembered[] = [];
  #listing: Promise<void> | undefined;
  #problem = "";
  #withOthers = false;
  #lists = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #taken: () => ReadonlySet<string>;
  readonly #tabLocks: TabLocks;
  /** Whether a tab of this browser is sending it. */
  #heldInTab: Awaited<ReturnType<typeof heldUploads>> = () => false;

  /** @param taken gives the uploads that files of this page resume. */
  constructor(
    kernel: Kernel,
    taken: () => ReadonlySet<string>,
    changed: () => void,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#taken = taken;
    this.#changed = changed;
    this.#signal = signal;
    this.#tabLocks = new TabLocks(signal);
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /** Those that this browser or this kernel started, the newest first. */
  get own(): Offer[] {
    return this.#listed.uploads.filter(({ own }) => own).map((upload) => this.#offer(upload));
  }

  /** `scheme://host` that parts go to; empty until the kernel has said it. */
  get store(): string {
    return this.#listed.store;
  }

  /** Other people's; empty until they are shown. */
  get others(): readonly UnfinishedUpload[] {
    return this.#listed.uploads.filter(({ own }) => !own);
  }

  get othersTotal(): number {
    return this.#listed.others;
  }

  /** Why not everything can be seen, or what went wrong; for people, and often empty. */
  get problem(): string {
    const [denial] = this.#listed.denied;
    if (this.#problem || denial === undefined || this.own.length > 0) return this.#problem;
    return text.fromKernel(denial.code, denial.message);
  }

  /** Whether the user has put it off. */
  isLater({ upload_id }: UnfinishedUpload): boolean {
    return this.#later.has(upload_id);
  }

  isDiscarding({ upload_id }: UnfinishedUpload): boolean {
    return this.#discarding.has(upload_id);
  }

  /**
   * Whether another page seems to send it. After a reload the kernel still counts
   * the page's files as held for some seconds, so the first list says nothing. The browser knows
   * better of its own tabs, whatever kernel they have.
   */
  isHeld({ held, uri }: UnfinishedUpload): boolean {
    return (held && this.#lists > 1) || this.#heldInTab({ store: this.store, uri });
  }

  later({ upload_id }: UnfinishedUpload): void {
    this.#later.add(upload_id);
    this.#changed();
  }

  /** Returns a function that finds the offer which a picked file most likely belongs to. */
  finder(): (file: File, path: string) => Offer | undefined {
    const byPath = new Map<string | undefined, Offer[]>();
    for (const offer of this.own) {
      const { path } = offer.remembered ?? {};
      byPath.set(path, [...(byPath.get(path) ?? []), offer]);
    }
    const isOf = ({ remembered: of }: Offer, { size, lastModified }: File): boolean =>
      of?.size === size && of.lastModified === lastModified;
    // The browser looks at the disk for each of a file's facts, and for most files nobody asks.
    return (file, path) => byPath.get(path)?.find((offer) => isOf(offer, file));
  }

  /** The upload that a file picked for this offer has to resume. */
  addressOf({ uri, key, upload_id }: UnfinishedUpload): UploadAddress {
    return { store: this.#listed.store, uri, key, uploadId: upload_id };
  }

  /** List the unfinished uploads below an address. */
  list(destination: string): Promise<void> {
    this.#listing ??= this.#list(destination).finally(() => {
      this.#listing = undefined;
      this.#changed();
    });
    return this.#listing;
  }

  /** List them as they are from now on: a list that is on its way may know less. */
  async listAnew(destination: string): Promise<void> {
    await this.#listing;
    await this.list(destination);
  }

  /** Show other people's uploads too. */
  async listAll(destination: string): Promise<void> {
    this.#withOthers = true;
    await this.listAnew(destination);
  }

  /** A file resumes an upload from now on, until another tab does: then `onTakenOver` is called. */
  async remember(entry: Remembered, onTakenOver: () => void): Promise<void> {
    this.#tabLocks.hold(entry, onTakenOver);
    await remember(entry);
  }

  /** The file does not resume it any more: it is another file's, or another page's. */
  release(address: UploadAddress): void {
    this.#tabLocks.release(address);
  }

  /** The upload is complete or discarded: there is nothing to resume. */
  async forget(address: UploadAddress): Promise<void> {
    this.drop(address);
    this.release(address);
    await forget(address);
  }

  /** A listed upload is not there any more. */
  drop({ uploadId }: UploadAddress): void {
    const uploads = this.#listed.uploads.filter(({ upload_id }) => upload_id !== uploadId);
    if (uploads.length === this.#listed.uploads.length) return;
    this.#listed = { ...this.#listed, uploads };
    this.#changed();
  }

  /** Delete what S3 holds of an upload, and forget it. */
  async discard(upload: UnfinishedUpload): Promise<void> {
    const { key, upload_id } = upload;
    const request = {
      kind: "abort_unfinished",
      file_id: "",
      upload: { key, upload_id },
    } as const;
    this.#discarding.add(upload_id);
    this.#changed();
    try {
      await this.#retrying(() => this.#kernel.call(request, this.#signal));
      await this.forget(this.addressOf(upload));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#problem = error.message;
    } finally {
      this.#discarding.delete(upload_id);
      this.#changed();
    }
  }

  async #list(destination: string): Promise<void> {
    this.#remembered = await recall(destination);
    const remembered = this.#remembered.slice(0, MAX_REMEMBERED);
    const request = {
      kind: "list_unfinished",
      remembered: remembered.map(({ key, uploadId }) => ({ key, upload_id: uploadId })),
      others: this.#withOthers,
    } as const;
    try {
      this.#listed = await this.#retrying(() => this.#kernel.call(request, this.#signal));
      this.#heldInTab = await heldUploads();
      this.#problem = "";
      this.#lists += 1;
      await this.#forgetGone(remembered);
      this.#listAgain(destination);
    } catch (error) {
      if (error instanceof KernelError) this.#problem = error.message;
    }
  }

  /** How far an upload is that another page sends, changes. */
  #listAgain(destination: string): void {
    clearTimeout(this.#timer);
    const taken = this.#taken();
    const elsewhere = this.own.filter(({ upload_id }) => !taken.has(upload_id));
    const moves = elsewhere.some((each) => each.held || this.isHeld(each));
    if (moves) this.#timer = setTimeout(() => void this.list(destination), tuning.lookMs);
  }

  /** Uploads that S3 does not know any more were completed, aborted, or removed by a rule. */
  async #forgetGone(asked: readonly Remembered[]): Promise<void> {
    const { store, gone } = this.#listed;
    const over = asked.filter((each) => each.store === store && gone.includes(each.uploadId));
    await Promise.all(over.map(forget));
  }

  #offer(upload: UnfinishedUpload): Offer {
    const remembered = this.#remembered.find(({ uploadId }) => uploadId === upload.upload_id);
    return {
      ...upload,
      size: remembered?.size ?? upload.size,
      started: upload.started || (remembered?.began ?? 0),
      remembered,
    };
  }

  #retrying<T>(ask: () => Promise<T>): Promise<T> {
    const setTrouble = (message: string): void => {
      this.#problem = message;
      this.#changed();
    };
    return retrying(ask, setTrouble, this.#signal);
  }
}
