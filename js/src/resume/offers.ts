/**
 * Unfinished uploads that the user may go on with: what S3 lists, with what this browser remembers
 * of the files. Knows no view.
 */

import { type Kernel, KernelError } from "../kernel/kernel";
import { retrying } from "../kernel/retrying";
import { MAX_REMEMBERED, type UnfinishedListed, type UnfinishedUpload } from "../protocol";
import { text } from "../text/text";
import { tuning } from "../tuning";
import type { UploadAddress } from "../upload/work";
import { forget, type Remembered, recall, remember } from "./memory";
import { TabLocks, whatIsHeld } from "./tab-locks";

/** An upload that this browser or this kernel began. */
export interface Offer extends UnfinishedUpload {
  /** What this browser remembers of the file; another began it if it is undefined. */
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
  #looking: Promise<void> | undefined;
  #problem = "";
  #unfolded = false;
  #looks = 0;
  #next: ReturnType<typeof setTimeout> | undefined;
  readonly #taken: () => ReadonlySet<string>;
  readonly #holding: TabLocks;
  /** Which of them a tab of this browser goes on with. */
  #heldInTab: Awaited<ReturnType<typeof whatIsHeld>> = () => false;

  /** @param taken gives the uploads that files of this page go on with. */
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
    this.#holding = new TabLocks(signal);
    signal.addEventListener("abort", () => clearTimeout(this.#next));
  }

  /** What this browser or this kernel began, the newest first. */
  get own(): Offer[] {
    return this.#listed.uploads.filter(({ own }) => own).map((upload) => this.#offer(upload));
  }

  /** `scheme://host` that parts go to; empty until the kernel has said it. */
  get store(): string {
    return this.#listed.store;
  }

  /** What others began; empty until they are shown. */
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
   * Whether another page seems to send it. A page that was just loaded anew still holds its files
   * for some seconds in the kernel's eyes, so its first word says nothing. The browser knows better
   * of its own tabs, whatever kernel they have.
   */
  isHeld({ held, uri }: UnfinishedUpload): boolean {
    return (held && this.#looks > 1) || this.#heldInTab({ store: this.store, uri });
  }

  later({ upload_id }: UnfinishedUpload): void {
    this.#later.add(upload_id);
    this.#changed();
  }

  /** Finds the offer that a picked file is most likely of. */
  finder(): (file: File, path: string) => Offer | undefined {
    const byPath = new Map<string | undefined, Offer[]>();
    for (const offer of this.own) {
      const { path } = offer.remembered ?? {};
      byPath.set(path, [...(byPath.get(path) ?? []), offer]);
    }
    return ({ size, lastModified }, path) =>
      byPath
        .get(path)
        ?.find(({ remembered: of }) => of?.size === size && of.lastModified === lastModified);
  }

  /** What a file that is picked for an offer has to go on with. */
  begun({ uri, key, upload_id }: UnfinishedUpload): UploadAddress {
    return { store: this.#listed.store, uri, key, uploadId: upload_id };
  }

  /** See what there is below an address. */
  look(destination: string): Promise<void> {
    this.#looking ??= this.#look(destination).finally(() => {
      this.#looking = undefined;
      this.#changed();
    });
    return this.#looking;
  }

  /** Show other people's uploads too. */
  async unfold(destination: string): Promise<void> {
    await this.#looking;
    this.#unfolded = true;
    await this.look(destination);
  }

  /** A file goes on with an upload, until another tab does: then `lost` is told. */
  async begin(entry: Remembered, lost: () => void): Promise<void> {
    this.#holding.hold(entry, lost);
    await remember(entry);
  }

  /** A file goes on without it: it is another file's, or another page's now. */
  release(begun: UploadAddress): void {
    this.#holding.release(begun);
  }

  /** A file is complete or discarded: there is nothing to go on with. */
  async ended(begun: UploadAddress): Promise<void> {
    this.drop(begun);
    this.release(begun);
    await forget(begun);
  }

  /** What was listed is not there any more. */
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
      await this.ended(this.begun(upload));
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      this.#problem = error.message;
    } finally {
      this.#discarding.delete(upload_id);
      this.#changed();
    }
  }

  async #look(destination: string): Promise<void> {
    this.#remembered = await recall(destination);
    const remembered = this.#remembered.slice(0, MAX_REMEMBERED);
    const request = {
      kind: "list_unfinished",
      remembered: remembered.map(({ key, uploadId }) => ({ key, upload_id: uploadId })),
      others: this.#unfolded,
    } as const;
    try {
      this.#listed = await this.#retrying(() => this.#kernel.call(request, this.#signal));
      this.#heldInTab = await whatIsHeld();
      this.#problem = "";
      this.#looks += 1;
      await this.#forgetGone(remembered);
      this.#lookAgain(destination);
    } catch (error) {
      if (error instanceof KernelError) this.#problem = error.message;
    }
  }

  /** Another page goes on with one of them: how far it is changes. */
  #lookAgain(destination: string): void {
    clearTimeout(this.#next);
    const taken = this.#taken();
    const elsewhere = this.own.filter(({ upload_id }) => !taken.has(upload_id));
    const moves = elsewhere.some((each) => each.held || this.isHeld(each));
    if (moves) this.#next = setTimeout(() => void this.look(destination), tuning.lookMs);
  }

  /** What S3 does not know any more was completed, aborted, or removed by a rule. */
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
    const hindered = (message: string): void => {
      this.#problem = message;
      this.#changed();
    };
    return retrying(ask, hindered, this.#signal);
  }
}
