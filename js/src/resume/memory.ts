/**
 * The uploads that this browser has not finished, so that it can offer to resume them after a
 * reload. A convenience only: S3 alone knows what is there, and everything works without it. Upload
 * ids are stored here and nowhere else outside memory.
 */

import { createStore, del, get, set, type UseStore, values } from "idb-keyval";

export interface Remembered {
  /** `scheme://host`, as in plans. */
  readonly store: string;
  readonly uri: string;
  readonly key: string;
  readonly uploadId: string;
  readonly path: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since 1970, as the next. */
  readonly lastModified: number;
  readonly began: number;
  /** By which the file can be read again without being picked; not all browsers have it. */
  readonly handle: FileSystemFileHandle | undefined;
}

/** Uploads that nobody resumed in this time are forgotten; milliseconds. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

/** Changes when an older version's entries would no longer do. */
const DATABASE = "s3upload_widget 1";

export async function remember(entry: Remembered): Promise<void> {
  await quietly(
    () => set(nameOf(entry), entry, database()),
    () => undefined,
  );
}

/** An upload that was started since at the same address stays remembered. */
export async function forget(entry: Pick<Remembered, "store" | "uri" | "uploadId">): Promise<void> {
  await quietly(
    async () => {
      const known = await get<Remembered>(nameOf(entry), database());
      if (known?.uploadId === entry.uploadId) await del(nameOf(entry), database());
    },
    () => undefined,
  );
}

/** The unfinished uploads below an address, the newest first. */
export async function recall(destination: string): Promise<Remembered[]> {
  const entries = await quietly(
    () => values<Remembered>(database()),
    () => [],
  );
  const [kept, old] = apart(entries, ({ began }) => Date.now() - began < KEPT_MS);
  await Promise.all(old.map(forget));
  return kept
    .filter(({ uri }) => uri.startsWith(destination))
    .sort((one, other) => other.began - one.began);
}

let opened: UseStore | undefined;

function database(): UseStore {
  opened ??= createStore(DATABASE, "uploads");
  return opened;
}

function nameOf({ store, uri }: Pick<Remembered, "store" | "uri">): IDBValidKey {
  return [store, uri];
}

/** Without a database (private windows, sandboxed frames, full disks) nothing is remembered. */
async function quietly<T>(use: () => Promise<T>, otherwise: () => T): Promise<T> {
  try {
    return await use();
  } catch {
    return otherwise();
  }
}

function apart<T>(all: readonly T[], first: (each: T) => boolean): [T[], T[]] {
  return [all.filter(first), all.filter((each) => !first(each))];
}
