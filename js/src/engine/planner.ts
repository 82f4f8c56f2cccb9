/** Has picked files planned by the kernel: which key each gets, and how it is cut. */

import { delay } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { pause } from "../net/retry";
import { MAX_PICK, type Pick, type PlannedFile, type RefusedFile } from "../protocol";
import { problemOf, refusalProblem } from "../upload/problem";
import type { Upload } from "../upload/upload";

export class Planner {
  readonly #kernel: Kernel;
  readonly #changed: () => void;
  readonly #signal: AbortSignal;

  constructor(kernel: Kernel, changed: () => void, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#changed = changed;
    this.#signal = signal;
  }

  /**
   * Ask for plans; of many files in several messages, one after the other, so that the page has
   * time for other things.
   */
  async plan(uploads: readonly Upload[]): Promise<void> {
    for (let start = 0; start < uploads.length; start += MAX_PICK) {
      const open = uploads.slice(start, start + MAX_PICK).filter(isPicked);
      if (open.length > 0) void this.#askAgain(await this.#ask(open));
    }
  }

  /** Ask while the kernel says that this may help. */
  async #askAgain(uploads: readonly Upload[]): Promise<void> {
    let open = uploads;
    for (let tries = 1; ; tries += 1) {
      open = open.filter(isPicked);
      this.#changed();
      if (open.length === 0 || this.#signal.aborted) return;
      await delay(pause(tries), this.#signal).catch(() => {});
      open = await this.#ask(open);
    }
  }

  /** The files that have no answer for good yet. */
  async #ask(uploads: readonly Upload[]): Promise<readonly Upload[]> {
    const { origin } = location;
    const request = { kind: "pick_files", origin, files: uploads.map(asPick) } as const;
    try {
      const { files } = await this.#kernel.call(request, this.#signal);
      return uploads.filter((upload, index) => !settle(upload, files[index]));
    } catch (error) {
      if (this.#signal.aborted) return [];
      return uploads.filter((upload) => !giveUp(upload, error));
    }
  }
}

/** Whether it still waits for a plan: it may be discarded meanwhile. */
function isPicked({ state }: Upload): boolean {
  return state.name === "picked";
}

function settle(upload: Upload, answer: PlannedFile | RefusedFile | undefined): boolean {
  if (answer === undefined) return false;
  if (answer.kind === "planned_file") upload.planned(answer);
  else if (answer.retryable) upload.trouble = refusalProblem(answer).message;
  else upload.refuse(refusalProblem(answer));
  return answer.kind === "planned_file" || !answer.retryable;
}

function giveUp(upload: Upload, error: unknown): boolean {
  if (error instanceof KernelError && error.retryable) {
    upload.trouble = error.message;
    return false;
  }
  upload.refuse(problemOf(error, upload.file.name));
  return true;
}

function asPick({ id, file, path, ifExists, continues }: Upload): Pick {
  return {
    file_id: id,
    name: file.name.normalize("NFC"),
    path,
    size: file.size,
    type: file.type,
    last_modified: file.lastModified,
    if_exists: ifExists,
    key: continues.key,
    upload_id: continues.uploadId,
  };
}
