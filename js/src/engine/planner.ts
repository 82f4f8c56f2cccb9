/** Has picked files planned by the kernel: which key each gets, and how it is cut. */

import { delay } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { pause } from "../net/retry";
import {
  type Diagnosed,
  MAX_PICK,
  type Pick,
  type PlannedFile,
  type RefusedFile,
} from "../protocol";
import { text } from "../text/text";
import { problemOf, refusalProblem } from "../upload/problem";
import type { Upload } from "../upload/upload";
import type { Diagnosis } from "./diagnosis";

/** So many files are planned first, of many: the sending starts while the others are. */
const FIRST = 48;

export class Planner {
  readonly #kernel: Kernel;
  readonly #changed: () => void;
  readonly #onObstacle: (store: string, found: Diagnosis) => Promise<void>;
  readonly #signal: AbortSignal;

  /** @param onObstacle is called with what keeps this page from a store for sure. */
  constructor(
    kernel: Kernel,
    changed: () => void,
    onObstacle: (store: string, found: Diagnosis) => Promise<void>,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#changed = changed;
    this.#onObstacle = onObstacle;
    this.#signal = signal;
  }

  /**
   * Ask for plans; of many files in several messages, one after the other, so that the page has
   * time for other things.
   */
  async plan(uploads: readonly Upload[]): Promise<void> {
    for (let start = 0, count = 0; start < uploads.length; start += count) {
      count = start === 0 && uploads.length > 2 * FIRST ? FIRST : MAX_PICK;
      const open = uploads.slice(start, start + count).filter(isPicked);
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
      const answered = this.#kernel.call(request, this.#signal);
      for (const upload of uploads) upload.planning(answered);
      const { files, obstacles } = await answered;
      const planned = files.find((file) => file.kind === "planned_file");
      for (const found of planned === undefined ? [] : obstacles)
        await this.#onObstacle(planned?.store ?? "", translated(found));
      return uploads.filter((upload, index) => !settle(upload, files[index]));
    } catch (error) {
      if (this.#signal.aborted) return [];
      return uploads.filter((upload) => !giveUp(upload, error));
    }
  }
}

function translated({ cause, message, relay }: Diagnosed): Diagnosis {
  return { cause, message: text.fromKernel(cause, message), relay };
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

function asPick({ id, file, path, ifExists, twin, continues }: Upload): Pick {
  return {
    file_id: id,
    name: file.name.normalize("NFC"),
    path,
    size: file.size,
    type: file.type,
    last_modified: file.lastModified,
    if_exists: ifExists,
    twin,
    key: continues.key,
    upload_id: continues.uploadId,
  };
}
