/** What is to be done for one file, how far it is, and its address on S3. */

import type { PlannedFile } from "../protocol";
import type { FileChecksums } from "./checksums";
import type { Parts } from "./parts";

/** What the kernel decided for the file, and how far its parts are. */
export interface Work {
  readonly plan: PlannedFile;
  readonly parts: Parts;
  readonly checksums: FileChecksums;
  /** S3's name of the multipart upload; empty before there is one, and for a single PUT. */
  readonly uploadId: string;
  /** Names in `extra_args` that the upload, or the object that was there, is without. */
  readonly without: readonly string[];
}

/** An upload on S3. */
export interface UploadAddress {
  /** `scheme://host`, as in plans. */
  readonly store: string;
  readonly uri: string;
  readonly key: string;
  readonly uploadId: string;
}

export function addressOf({ plan: { store, uri, key }, uploadId }: Work): UploadAddress {
  return { store, uri, key, uploadId };
}
