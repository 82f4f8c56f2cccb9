/** Has hashed parts signed by the kernel, in batches, ahead of the sending. */

import { delay, Notify } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { pause } from "../net/retry";
import { MAX_BATCH, type PartChecksums, type PresignedPart, type RefusedPart } from "../protocol";
import { tuning } from "../tuning";
import type { Checksums, Parts } from "../upload/parts";
import { refusalProblem } from "../upload/problem";
import type { Upload } from "../upload/upload";

/** A batch waits for so many parts, unless the sending would run dry first. */
const WORTH_A_MESSAGE = 20;

/** URLs live for minutes at least: looking for old ones with every part would be in vain. */
const RENEW_MS = 1000;

interface Entry {
  readonly upload: Upload;
  readonly parts: Parts;
  readonly number: number;
  readonly checksums: Checksums;
}

export class Signer {
  readonly #kernel: Kernel;
  readonly #uploads: () => readonly Upload[];
  readonly #hashesMore: () => boolean;
  readonly #onSigned: () => void;
  readonly #signal: AbortSignal;
  readonly #work = new Notify();
  /** When URLs that grow old are looked for next; milliseconds since 1970. */
  #renewsAt = 0;

  /**
   * @param uploads the files that are uploading, in their order.
   * @param hashesMore whether more parts will soon be hashed, so that a batch may wait for them.
   * @param onSigned is called when parts may be sent.
   */
  constructor(
    kernel: Kernel,
    uploads: () => readonly Upload[],
    hashesMore: () => boolean,
    onSigned: () => void,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#uploads = uploads;
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
      const batch = this.#batch();
      if (batch.length === 0) {
        await woken;
      } else {
        tries = (await this.#sign(batch)) ? 0 : tries + 1;
        if (tries > 0) await delay(pause(tries), this.#signal).catch(() => {});
      }
    }
  }

  #batch(): Entry[] {
    const uploads = this.#uploads();
    const fresh = uploads.flatMap((upload) => entries(upload, (parts) => parts.toSign()));
    const ready = uploads.reduce((sum, { active }) => sum + (active?.parts.ready ?? 0), 0);
    const mayWait = ready >= tuning.windowMin && this.#hashesMore();
    if (fresh.length > 0 && !(mayWait && fresh.length < WORTH_A_MESSAGE)) {
      return fresh.slice(0, MAX_BATCH);
    }
    if (Date.now() < this.#renewsAt) return [];
    const old = uploads.flatMap((upload) => entries(upload, halfExpired)).slice(0, MAX_BATCH);
    if (old.length === 0) this.#renewsAt = Date.now() + RENEW_MS;
    return old;
  }

  /** Whether the kernel answered, and does not ask to come again later. */
  async #sign(batch: readonly Entry[]): Promise<boolean> {
    for (const { parts, number } of batch) {
      if (parts.step(number) === "sign") parts.signing(number);
    }
    try {
      const request = { kind: "presign_parts", parts: batch.map(asRequested) } as const;
      const reply = await this.#kernel.call(request, this.#signal);
      for (const [index, entry] of batch.entries()) settle(entry, reply.parts[index]);
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
}

function entries(upload: Upload, numbers: (parts: Parts) => readonly number[]): Entry[] {
  const parts = upload.active?.parts;
  if (parts === undefined) return [];
  return numbers(parts).flatMap((number) => {
    const checksums = parts.checksums(number);
    return checksums === undefined ? [] : [{ upload, parts, number, checksums }];
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
  const { unconditional } = parts;
  return { file_id: upload.id, part_number: number, ...checksums, unconditional };
}

function settle(
  { upload, parts, number }: Entry,
  reply: PresignedPart | RefusedPart | undefined,
): void {
  if (reply?.kind === "presigned_part") {
    if (upload.active?.parts === parts) upload.trouble = "";
    parts.signed(number, { presigned: reply, signedAt: Date.now() });
  } else {
    giveBack(parts, number);
    if (reply === undefined || upload.active?.parts !== parts) return;
    if (reply.retryable) upload.trouble = refusalProblem(reply).message;
    else upload.fail(refusalProblem(reply));
  }
}

function giveBack(parts: Parts, number: number): void {
  if (parts.step(number) === "signing") parts.unsign(number);
}
