/**
 * Reads slices of picked files, and finds out whether a file is still the one that was picked.
 * Chromium refuses to read a file whose time has changed. Firefox 153 reads whatever is there: of
 * what was cut off nothing, of a file that was replaced the new bytes; and it never sends a request
 * whose bytes are gone. Knows no upload.
 */

/** The file was changed, moved or deleted, or the permission to read it ended. */
export class FileChangedError extends Error {
  override readonly name = "FileChangedError";
}

/** By its name: an error that comes from a worker is of no class. */
export function isFileChanged(error: unknown): boolean {
  return error instanceof Error && error.name === "FileChangedError";
}

/** What browsers call that; `AbortError` is Firefox's name for a file that was deleted. */
const GONE = new Set(["NotReadableError", "NotFoundError", "NotAllowedError", "AbortError"]);

/** Whether the browser itself refuses to read a file that was changed after it was picked. */
export const GUARDS_FILES = !/\bFirefox\//.test(globalThis.navigator?.userAgent ?? "");

/**
 * Read a slice, or a file.
 *
 * @param size bytes, if known: for a file's own the browser looks at the disk, each time.
 * @throws FileChangedError if the bytes are not there any more.
 */
export async function read(slice: Blob, size = slice.size): Promise<ArrayBuffer> {
  const bytes = await slice.arrayBuffer().catch((error: unknown) => {
    const isGone = error instanceof Error && GONE.has(error.name);
    throw isGone ? new FileChangedError(error.message) : error;
  });
  if (bytes.byteLength !== size) throw new FileChangedError("the file has another length now");
  return bytes;
}

/** @throws FileChangedError if the end of the slice is not there any more. */
export async function checkReadable(slice: Blob): Promise<void> {
  await read(slice.slice(Math.max(0, slice.size - 1)));
}

/** Bytes that are compared at once: some milliseconds. */
const BLOCK = 4 * 1024 * 1024;

/**
 * Whether two files have the same bytes; reads no further than the first that differ.
 *
 * @throws FileChangedError if one of them cannot be read.
 */
export async function sameBytes(one: Blob, other: Blob): Promise<boolean> {
  if (one.size !== other.size) return false;
  for (let start = 0; start < one.size; start += BLOCK) {
    const blocks = [one, other].map((file) => read(file.slice(start, start + BLOCK)));
    const [first, second] = (await Promise.all(blocks)).map((bytes) => new Uint8Array(bytes));
    if (!first?.every((byte, index) => byte === second?.[index])) return false;
  }
  return true;
}
