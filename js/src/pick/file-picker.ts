/**
 * Asks the user for files. Chromium's own picker gives handles with them, by which the browser can
 * read the files again after a reload; elsewhere, and in frames where it is forbidden, the picker
 * of `<input type=file>` serves.
 */

import type { Dropped, Picked } from "./drop";

/**
 * Have the user choose files; where nothing is chosen nothing happens.
 *
 * @param input Its attributes limit the choice; where there is no better picker it asks itself, and
 * its `change` event brings the files.
 * @param take Is given the files, and the names of those that could not be read.
 */
export async function choose(
  input: HTMLInputElement,
  take: (picked: readonly Picked[], unreadable: readonly string[]) => void,
): Promise<void> {
  const { accept, multiple, webkitdirectory } = input;
  if (window.showOpenFilePicker === undefined || webkitdirectory) return input.click();
  let handles: readonly FileSystemFileHandle[];
  try {
    handles = await window.showOpenFilePicker({ multiple, ...typesOf(accept) });
  } catch (error) {
    if (error instanceof Error && error.name === "AbortError") return;
    // Forbidden in this frame, or a kind of file that the picker cannot express.
    input.click();
    return;
  }
  const { picked, unreadable } = await filesOf(handles);
  take(picked, unreadable);
}

/**
 * The file of a handle, after the user has allowed reading it once more. Must be called from a
 * click. Undefined if that was refused, or the file is not there any more.
 */
export async function reread(handle: FileSystemFileHandle): Promise<File | undefined> {
  try {
    const granted = (await handle.queryPermission?.({ mode: "read" })) ?? "granted";
    const answer =
      granted === "granted" ? granted : await handle.requestPermission?.({ mode: "read" });
    return answer === "granted" ? await handle.getFile() : undefined;
  } catch {
    return undefined;
  }
}

async function filesOf(handles: readonly FileSystemFileHandle[]): Promise<Dropped> {
  const picked: Picked[] = [];
  const unreadable: string[] = [];
  const files = await Promise.allSettled(handles.map((handle) => handle.getFile()));
  for (const [index, handle] of handles.entries()) {
    const read = files[index];
    if (read?.status !== "fulfilled") unreadable.push(handle.name);
    else picked.push({ file: read.value, path: read.value.name, handle });
  }
  return { picked, unreadable };
}

interface Types {
  readonly types?: readonly { accept: Record<string, readonly string[]> }[];
}

/** HTML's `accept` as the picker takes it: endings stand below some type. */
function typesOf(accept: string): Types {
  const kinds = accept.split(",").map((kind) => kind.trim());
  const endings = kinds.filter((kind) => kind.startsWith("."));
  const types: Record<string, readonly string[]> = {};
  for (const kind of kinds) if (kind.includes("/")) types[kind] = [];
  if (endings.length > 0) types["application/octet-stream"] = endings;
  return Object.keys(types).length > 0 ? { types: [{ accept: types }] } : {};
}
