/** Files as the page's lists see them. Knows no kernel, no network and no store. */

import type { FileProgress, FileState, FoundPart, PresignedPart } from "../src/protocol";
import { type Checksums, Parts, type SignedPart } from "../src/upload/parts";
import type { State } from "../src/upload/states";
import type { Upload } from "../src/upload/upload";
import type { Work } from "../src/upload/work";

export const MiB = 1024 * 1024;

/** A file's parts, cut as the kernel cuts them. */
export function cut(size: number, partSize: number): Parts {
  return new Parts(size, partSize, Math.max(1, Math.ceil(size / partSize)));
}

/** The checksums of bytes that only equal bytes have. */
export function checksums(of: string): Checksums {
  return { sha256: `sha256 of ${of}`, md5: `md5 of ${of}` };
}

/** What S3 lists of a part that holds these bytes. */
export function found(parts: Parts, number: number, of: string): FoundPart {
  return { part_number: number, size: parts.length(number), ...checksums(of) };
}

/** A part's URL. */
export function signed(number: number, signedAt = 0): SignedPart {
  const presigned: PresignedPart = {
    kind: "presigned_part",
    file_id: "file_0001",
    part_number: number,
    url: `https://s3.test/?partNumber=${number}`,
    headers: {},
    expires_in: 3600,
  };
  return { presigned, origin: "https://s3.test", signedAt };
}

/** Take a part from its hash to the wire. */
export function put(parts: Parts, number: number): void {
  parts.hashing(number);
  parts.hashed(number, checksums(`part ${number}`));
  parts.signed(number, signed(number));
  parts.sending(number);
}

/** One file in a list, which a test moves from state to state. */
export interface Listed {
  readonly upload: Upload;
  readonly parts: Parts;
  to(name: State["name"]): void;
}

let ids = 0;

/** A file of ten bytes for each part. */
export function listed(path: string, size = 10): Listed {
  ids += 1;
  const parts = cut(size, 10);
  const work = { parts } as Work;
  let state: State = { name: "picked", held: false };
  const seen: Pick<Upload, "file" | "id" | "path" | "state"> = {
    file: new File([new Uint8Array(size)], path),
    id: `file_${ids}`,
    path,
    get state() {
      return state;
    },
  };
  const to = (name: State["name"]): void => {
    state = { name, work } as State;
  };
  return { upload: seen as Upload, parts, to };
}

/** How a file stands, as the page tells it. */
export function progress(state: FileState, said: Partial<FileProgress> = {}): FileProgress {
  return {
    file_id: "file_0001",
    state,
    waiting_for: "",
    error: "",
    bytes_done: 0,
    parts_done: 0,
    parts_in_flight: [],
    ...said,
  };
}
