/** Has hashed parts signed by the kernel, in batches, ahead of the sending. */

import { delay, Notify } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { pause } from "../net/retry";
import {
  MAX_BATCH,
  type PartChecksums,
  type PresignedPart,
  type RefusedPart,
  type StoredPart,
} from "../protocol";
import { tuning } from "../tuning";
import { type Checksums, type Parts, RELAYED } from "../upload/parts";
import { refusalProblem } from "../upload/problem";
import type { Upload } from "../upload/upload";
import type { Names } from "./names";

/** A batch waits for so many parts, unless the sending would run dry first. */
const WORTH_A_MESSAGE = 20;

/** Files that go as one PUT gather so long for a message, milliseconds: their keys, for one list. */
const GATHER_MS = 100;

/** URLs live for minutes at least: looking for old ones with every part would be in vain. */
const RENEW_MS = 1000;

interface Entry {
  readonly upload: Upload;
  readonly parts: Parts;
  readonly number: number;
  readonly checksums: Checksums;
  readonly store: string;
}

export class Signer {
  readonly #kernel: Kernel;
  readonly #uploads: () => readonly Upload[];
  readonly #names: Names;
  readonly #isRelayed: (store: string) => boolean;
  readonly #hashesMore: () => boolean;
  readonly #onSigned: () => void;
  readonly #signal: AbortSignal;
  readonly #work = new Notify();
  /** When URLs that grow old are looked for next; milliseconds since 1970. */
  #renewsAt = 0;
  /** When the newest message was sent; milliseconds since 1970. */
  #askedAt = 0;
  #gathering: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param uploads the files that are uploading, in their order.
   * @param names decides where each part is to be sent.
   * @param isRelayed whether parts go to a store through the kernel, which then signs by itself.
   * @param hashesMore whether more parts will soon be hashed, so that a batch may wait for them.
   * @param onSigned is called when parts may be sent.
   */
  constructor(
    kernel: Kernel,
    uploads: () => readonly Upload[],
    names: Names,
    isRelayed: (store: string) => boolean,
    hashesMore: () => boolean,
    onSigned: () => void,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#uploads = uploads;
    this.#names = names;
    this.#isRelayed = isRelayed;
    this.#hashesMore = hashesMore;
    this.#onSigned = onSigned;
    this.#signal = signal;
    void this.#loop();
  }

  /** Look for work. */
  wake(): void {
    this.#work.notify();
  }

  async #loop(): Promise<void> {
    for (let tries = 0; !this.#signal.aborted; ) {
      const woken = this.#work.wait();
      this.#passRelayed();
      const batch = this.#batch();
      if (batch.length === 0) {
        await woken;
      } else {
        tries = (await this.#sign(batch)) ? 0 : tries + 1;
        if (tries > 0) await delay(pause(tries), this.#signal).catch(() => {});
      }
    }
  }

  /** Parts that go through the kernel need no URL here. */
  #passRelayed(): void {
    for (const { active } of this.#uploads()) {
      if (active === undefined || !this.#isRelayed(active.plan.store)) continue;
      const numbers = active.parts.toSign();
      const origin = active.plan.store;
      const signed = { presigned: RELAYED, origin, signedAt: Date.now() };
      for (const number of numbers) active.parts.signed(number, signed);
      if (numbers.length > 0) this.#onSigned();
    }
  }

  #batch(): Entry[] {
    const uploads = this.#uploads();
    const fresh = uploads.flatMap((upload) => entries(upload, (parts) => parts.toSign()));
    const ready = uploads.reduce((sum, { active }) => sum + (active?.parts.ready ?? 0), 0);
    const mayWait = ready >= tuning.windowMin || this.#gathers(fresh);
    const isFew = fresh.length < WORTH_A_MESSAGE && this.#hashesMore();
    if (fresh.length > 0 && !(isFew && mayWait)) return fresh.slice(0, MAX_BATCH);
    if (Date.now() < this.#renewsAt) return [];
    const old = uploads.flatMap((upload) => entries(upload, halfExpired)).slice(0, MAX_BATCH);
    if (old.length === 0) this.#renewsAt = Date.now() + RENEW_MS;
    return old;
  }

  /** Whether others soon come to these files, which would be a message each. */
  #gathers(fresh: readonly Entry[]): boolean {
    const rest = this.#askedAt + GATHER_MS - Date.now();
    if (rest <= 0 || fresh.some(({ parts }) => parts.total > 1)) return false;
    clearTimeout(this.#gathering);
    this.#gathering = setTimeout(() => this.wake(), rest);
    return true;
  }

  /** Whether the kernel answered, and does not ask to come again later. */
  async #sign(batch: readonly Entry[]): Promise<boolean> {
    this.#askedAt = Date.now();
    for (const { parts, number } of batch) {
      if (parts.step(number) === "sign") parts.signing(number);
    }
    try {
      const stores = batch.map(({ store }) => store);
      const origins = this.#names.shareOut(stores);
      const areFirst = origins.every((origin, index) => origin === stores[index]);
      const request = {
        kind: "presign_parts",
        parts: batch.map(asRequested),
        origins: areFirst ? [] : [...origins],
      } as const;
      const reply = await this.#kernel.call(request, this.#signal);
      for (const [index, entry] of batch.entries()) {
        this.#settle(entry, reply.parts[index], origins[index] ?? entry.store);
      }
      this.#onSigned();
      return !reply.parts.some((part) => part.kind === "refused_part" && part.retryable);
    } catch (error) {
      for (const { parts, number } of batch) giveBack(parts, number);
      if (!(error instanceof KernelError)) return false;
      for (const upload of new Set(batch.map((entry) => entry.upload))) {
        if (error.retryable && upload.active) upload.trouble = error.message;
        if (!error.retryable) upload.fail({ code: error.code, message: error.message });
      }
      return false;
    }
  }

  #settle(
    { upload, parts, number, store }: Entry,
    reply: PresignedPart | RefusedPart | StoredPart | undefined,
    asked: string,
  ): void {
    if (reply?.kind === "presigned_part" && this.#isRelayed(store)) {
      giveBack(parts, number); // the way changed meanwhile
    } else if (reply?.kind === "presigned_part") {
      if (upload.active?.parts === parts) upload.trouble = "";
      const origin = this.#signedFor(store, reply, asked);
      parts.signed(number, { presigned: reply, origin, signedAt: Date.now() });
      if (!this.#names.isKnown(store, origin))
        parts.unsignAll((signed) => signed.origin === origin);
    } else if (reply?.kind === "stored_part") {
      upload.partFound(parts, number);
    } else {
      giveBack(parts, number);
      if (reply === undefined || upload.active?.parts !== parts) return;
      if (reply.retryable) upload.trouble = refusalProblem(reply).message;
      else upload.fail(refusalProblem(reply));
    }
  }

  /** The kernel may know the store by other names than it did. */
  #signedFor(store: string, { url }: PresignedPart, asked: string): string {
    if (asked === store || url.startsWith(`${asked}/`)) return asked;
    this.#names.forget(store);
    return store;
  }
}

function entries(upload: Upload, numbers: (parts: Parts) => readonly number[]): Entry[] {
  if (upload.active === undefined) return [];
  const { parts, plan } = upload.active;
  const { store } = plan;
  return numbers(parts).flatMap((number) => {
    const checksums = parts.checksums(number);
    return checksums === undefined ? [] : [{ upload, parts, number, checksums, store }];
  });
}

/** Signed parts whose URL is at half its life: a busy kernel may not find time at its end. */
function halfExpired(parts: Parts): number[] {
  return parts
    .waiting()
    .filter(([, { presigned, signedAt }]) => Date.now() > signedAt + presigned.expires_in * 500)
    .map(([number]) => number);
}

function asRequested({ upload, parts, number, checksums }: Entry): PartChecksums {
  const perhaps_stored = parts.doubt(number) !== undefined;
  const refused = parts.refusals(number);
  return { file_id: upload.id, part_number: number, ...checksums, refused, perhaps_stored };
}

function giveBack(parts: Parts, number: number): void {
  if (parts.step(number) === "signing") parts.unsign(number);
}
