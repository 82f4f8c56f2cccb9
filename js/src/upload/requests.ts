/** What one file asks of the kernel: repeatedly, while the kernel says that this may help. */

import type { Completions } from "../kernel/completions";
import { type Kernel, retrying } from "../kernel/kernel";
import type { PartRelay } from "../kernel/relay";
import type { Answer } from "../net/answer";
import type {
  MultipartUploadCompleted,
  MultipartUploadCreated,
  ObjectCut,
  ObjectGone,
  PartChecksums,
  PartsMissing,
} from "../protocol";
import type { Hashed } from "./comparison";
import type { Work } from "./work";

/** What becomes of the parts on S3 when the kernel forgets the file. */
export type Leftover = "keep parts" | "delete parts";

/** These are not stopped by whatever happens to the file. */
const UNSTOPPED = new AbortController().signal;

export class FileRequests {
  readonly #id: string;
  readonly #kernel: Kernel;
  readonly #relay: PartRelay;
  readonly #completions: Completions;
  readonly #setTrouble: (message: string) => void;
  /** Whether the kernel has planned the file: it keeps the key for it, and S3 perhaps parts. */
  #isPlanned = false;
  /** The question for a plan is answered; at once if there was none. */
  planningOver = Promise.resolve();
  #forgetting = Promise.resolve();

  /** @param setTrouble is called with what stands in the way, and with "" when it is gone. */
  constructor(
    id: string,
    kernel: Kernel,
    relay: PartRelay,
    completions: Completions,
    setTrouble: (message: string) => void,
  ) {
    this.#id = id;
    this.#kernel = kernel;
    this.#relay = relay;
    this.#completions = completions;
    this.#setTrouble = setTrouble;
  }

  /** The kernel is asked for a plan: what it is asked next has to come after that. */
  planning(answered: Promise<unknown>): void {
    const over = (): void => {};
    this.planningOver = answered.then(over, over);
  }

  /** The kernel has planned the file: from now on there is something to forget. */
  planned(): void {
    this.#isPlanned = true;
  }

  /** Whether the object that the key has is the file. */
  compare(
    hashed: Hashed,
    signal: AbortSignal,
  ): Promise<MultipartUploadCompleted | ObjectCut | ObjectGone> {
    const request = { kind: "compare_object", file_id: this.#id, ...hashed } as const;
    return this.#retrying(() => this.#kernel.call(request, signal), signal);
  }

  /** An upload that is none of the refused. */
  create(refused: readonly string[], signal: AbortSignal): Promise<MultipartUploadCreated> {
    const request = {
      kind: "create_multipart_upload",
      file_id: this.#id,
      refused: [...refused],
    } as const;
    return this.#retrying(() => this.#kernel.call(request, signal), signal);
  }

  /** Have the kernel send a part; the rest is as `put` has it. */
  relay(
    part: Omit<PartChecksums, "file_id">,
    body: Blob,
    onProgress: (bytesTaken: number) => void,
    signal: AbortSignal,
  ): Promise<Answer> {
    return this.#relay.send({ file_id: this.#id, ...part }, body, onProgress, signal);
  }

  /** Put the parts together; all of them were sent or proven. */
  complete(
    { plan, parts }: Work,
    sha256: string,
    signal: AbortSignal,
  ): Promise<MultipartUploadCompleted | PartsMissing> {
    const checksums = parts.allChecksums();
    const request = {
      kind: "complete_multipart_upload",
      file_id: this.#id,
      parts_sha256: checksums.map((part) => part.sha256),
      parts_md5: plan.md5 ? checksums.map((part) => part.md5) : [],
      sha256,
      taken: parts.taken,
      etag: parts.total === 1 && !parts.taken ? parts.etag : "",
    } as const;
    return this.#retrying(() => this.#completions.call(request, signal), signal);
  }

  /** Delete what S3 holds of an upload, also where the kernel knows nothing of the file. */
  async abort(key: string, uploadId: string): Promise<void> {
    // Before, the kernel takes it for the upload of the page that began it.
    await this.planningOver;
    const request = {
      kind: "abort_unfinished",
      file_id: this.#id,
      upload: { key, upload_id: uploadId },
    } as const;
    await this.#retrying(() => this.#kernel.call(request, UNSTOPPED), UNSTOPPED);
  }

  /**
   * Have the kernel forget the file, once: parts that were kept, no later call deletes.
   *
   * @throws KernelError if the kernel cannot; it may be asked again.
   */
  async forget(leftover: Leftover): Promise<void> {
    await this.#forgetting.catch(() => {});
    if (!this.#isPlanned) return;
    this.#forgetting = this.#forget(leftover);
    await this.#forgetting;
    this.#isPlanned = false;
  }

  async #forget(leftover: Leftover): Promise<void> {
    const kind = leftover === "keep parts" ? "forget_file" : "abort_multipart_upload";
    const request = { kind, file_id: this.#id } as const;
    await this.#retrying(() => this.#kernel.call(request, UNSTOPPED), UNSTOPPED);
  }

  #retrying<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return retrying(ask, this.#setTrouble, signal);
  }
}
