/** Finds the upload that a file may continue, or has one created. */

import type { MultipartUploadCreated } from "../protocol";
import { Parts } from "./parts";
import { OtherFileError } from "./problem";
import type { Work } from "./work";

interface Means {
  /** Whether only one upload will do: then no other is looked for. */
  readonly only: boolean;
  /** Uploads that were found not to be the file's before. */
  readonly refused: readonly string[];
  /** Ask the kernel for an upload that is none of the refused. */
  create(refused: readonly string[]): Promise<MultipartUploadCreated>;
  /** Compare a part on S3 with the file's. */
  prove(work: Work, number: number): Promise<void>;
}

/** The file's work on an upload that is its own: one with another file's parts is left alone. */
export async function findOrCreate(work: Work, size: number, means: Means): Promise<Work> {
  if (work.parts.total === 1) return work;
  for (const refused = [...means.refused]; ; ) {
    const created = await means.create(refused);
    const opened = openedWork(work, created, size, refused.length > 0);
    opened.parts.offer(created.found);
    // What an earlier try has proven there tells enough.
    const open = opened.parts.stored > 0 ? [] : opened.parts.toProve();
    for (const number of probes(open)) await means.prove(opened, number);
    if (opened.parts.stored > 0 || opened.parts.differing === 0) return opened;
    if (means.only) throw new OtherFileError();
    refused.push(created.upload_id);
  }
}

/** The first, the middle and the last of what is there tell whose it is. */
function probes(found: readonly number[]): Set<number> {
  const picked = [found[0], found[found.length >> 1], found.at(-1)];
  return new Set(picked.filter((number) => number !== undefined));
}

/** What was known of an upload's parts stays; of another upload's it is of no use. */
function openedWork(
  work: Work,
  created: MultipartUploadCreated,
  size: number,
  anew: boolean,
): Work {
  const { hashes } = work;
  const { upload_id, part_size, parts_total, md5 } = created;
  const same = work.uploadId === upload_id || work.uploadId === "";
  const keeps = same && !anew && work.parts.partSize === part_size;
  const parts = keeps ? work.parts : new Parts(size, part_size, parts_total);
  return {
    plan: { ...work.plan, part_size, parts_total, md5 },
    parts,
    hashes,
    uploadId: upload_id,
  };
}
