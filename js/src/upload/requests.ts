/** What one file asks of the kernel: repeatedly, while the kernel says that asking again may help. */

import type { Completions } from "../kernel/completions";
import type { Kernel } from "../kernel/kernel";
import { retrying } from "../kernel/retrying";
import type {
  MultipartUploadCompleted,
  MultipartUploadCreated,
  ObjectCut,
  ObjectGone,
  PartsMissing,
} from "../protocol";
import type { Hashed } from "./comparison";
import type { Work } from "./work";

export class FileRequests {
  readonly #id: string;
  readonly #kernel: Kernel;
  readonly #completing: Completions;
  readonly #hindered: (message: string) => void;

  /** @param hindered is told what stands in the way, and "" when it is gone. */
  constructor(
    id: string,
    kernel: Kernel,
    completing: Completions,
    hindered: (message: string) => void,
  ) {
    this.#id = id;
    this.#kernel = kernel;
    this.#completing = completing;
    this.#hindered = hindered;
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
    } as const;
    return this.#retrying(() => this.#completing.call(request, signal), signal);
  }

  /** Delete what S3 holds of an upload, also where the kernel knows nothing of the file. */
  async abort(key: string, uploadId: string): Promise<void> {
    const { signal } = new AbortController();
    const request = {
      kind: "abort_unfinished",
      file_id: this.#id,
      upload: { key, upload_id: uploadId },
    } as const;
    await this.#retrying(() => this.#kernel.call(request, signal), signal);
  }

  /** Have the kernel forget the file. Nothing that comes stops this. */
  async forget(rest: Rest): Promise<void> {
    const { signal } = new AbortController();
    const kind = rest === "keep parts" ? "forget_file" : "abort_multipart_upload";
    const request = { kind, file_id: this.#id } as const;
    await this.#retrying(() => this.#kernel.call(request, signal), signal);
  }

  #retrying<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return retrying(ask, this.#hindered, signal);
  }
}

/** What becomes of the parts on S3 when the kernel forgets the file. */
export type Rest = "keep parts" | "delete parts";

export class Claim {
  readonly #asking: FileRequests;
  #held = false;
  #releasing = Promise.resolve();

  constructor(asking: FileRequests) {
    this.#asking = asking;
  }

  /** The kernel has planned the file: it has its key, and S3 perhaps parts. */
  taken(): void {
    this.#held = true;
  }

  /**
   * Have the kernel forget the file, once: what was kept, nothing that comes later deletes.
   *
   * @throws KernelError if the kernel cannot; it may be asked again.
   */
  async release(rest: Rest): Promise<void> {
    await this.#releasing.catch(() => {});
    if (!this.#held) return;
    this.#releasing = this.#asking.forget(rest);
    await this.#releasing;
    this.#held = false;
  }
}
