/** From what the user picks or drops to files with their paths. */

import { text } from "../text/text";

/** A file that was picked. */
export interface Picked {
  readonly file: File;
  /** Inside the folder it was picked with; else its name. */
  readonly path: string;
  /** By which the browser can read the file again after a reload; not all have that. */
  readonly handle?: FileSystemFileHandle | undefined;
}

/** What a drop brought. */
export interface Dropped {
  readonly picked: readonly Picked[];
  /** Paths that the browser could not read. */
  readonly unreadable: readonly string[];
}

/** The files of `<input type=file>`. */
export function chosen(files: Iterable<File>): Picked[] {
  return [...files].map((file) => ({ file, path: file.webkitRelativePath || file.name }));
}

/** Whether files are dragged, and not text or a cell. */
export function carriesFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes("Files") ?? false;
}

/**
 * The files of a drop, folders with all that is in them.
 *
 * Takes hold of the entries before it first waits: the browser empties the drop with the event.
 */
export async function dropped(transfer: DataTransfer): Promise<Dropped> {
  const items = [...transfer.items].filter(({ kind }) => kind === "file");
  const sources = items.map((item) => ({
    entry: item.webkitGetAsEntry(),
    file: item.getAsFile(),
    handle: handleOf(item),
  }));
  const picked: Picked[] = [];
  const unreadable: string[] = [];
  for (const { entry, file, handle } of sources) {
    if (isFolder(entry)) await walk(entry, picked, unreadable);
    else if (file !== null) picked.push({ file, path: file.name, handle: await handle });
    else unreadable.push(entry?.name ?? text.view.nameless);
  }
  return { picked, unreadable };
}

/**
 * Take files that are dropped on an element.
 *
 * @param accepts Whether any are taken just now.
 * @param over Called with whether files are held over the element.
 * @returns How to stop that.
 */
export function takeDrops(
  el: HTMLElement,
  accepts: () => boolean,
  over: (isOver: boolean) => void,
  take: (transfer: DataTransfer) => void,
): () => void {
  const end = new AbortController();
  const { signal } = end;
  const on = (type: "dragenter" | "dragover" | "dragleave" | "drop", hear: DragListener): void =>
    el.addEventListener(type, (event) => carriesFiles(event) && hear(event), { signal });
  const hover = (event: DragEvent): void => {
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = accepts() ? "copy" : "none";
    over(true);
  };
  on("dragenter", hover);
  on("dragover", hover);
  on("dragleave", (event) => {
    if (!(event.relatedTarget instanceof Node && el.contains(event.relatedTarget))) over(false);
  });
  on("drop", (event) => {
    event.preventDefault();
    over(false);
    if (event.dataTransfer) take(event.dataTransfer);
  });
  return () => end.abort();
}

/**
 * Take files that are pasted: while the element has the focus, or while nothing has it and the
 * pointer is over the element. A paste into a text is the text's.
 *
 * @returns How to stop that.
 */
export function takePastes(el: HTMLElement, take: (transfer: DataTransfer) => void): () => void {
  const end = new AbortController();
  const hear = (event: ClipboardEvent): void => {
    const { clipboardData, target } = event;
    if (event.defaultPrevented || !clipboardData?.types.includes("Files")) return;
    const nowhere = target === document.body && el.matches(":hover");
    if (isEditable(target) || !(nowhere || (target instanceof Node && el.contains(target)))) return;
    event.preventDefault();
    take(clipboardData);
  };
  document.addEventListener("paste", hear, { signal: end.signal });
  return () => end.abort();
}

/**
 * Keep a drop beside the element from opening the file in place of the page, which would end
 * every upload. Drops that somebody else takes are left alone; JupyterLab's file browser takes
 * them without preventing the default.
 */
export function guardNearMisses(el: HTMLElement): () => void {
  const end = new AbortController();
  const guard = (event: DragEvent): void => {
    const elsewhere = event.target instanceof Element && event.target.closest(".jp-DirListing");
    const shown = el.getClientRects().length > 0;
    if (event.defaultPrevented || elsewhere || !shown || !carriesFiles(event)) return;
    event.preventDefault();
    if (event.dataTransfer) event.dataTransfer.dropEffect = "none";
  };
  window.addEventListener("dragover", guard, { signal: end.signal });
  window.addEventListener("drop", guard, { signal: end.signal });
  return () => end.abort();
}

function isEditable(target: EventTarget | null): boolean {
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  return target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement;
}

type DragListener = (event: DragEvent) => void;

async function handleOf(item: DataTransferItem): Promise<FileSystemFileHandle | undefined> {
  const handle = await item.getAsFileSystemHandle?.().catch(() => null);
  return handle && isFileHandle(handle) ? handle : undefined;
}

/** By its kind: over plain http there is no such class. */
function isFileHandle(handle: FileSystemHandle): handle is FileSystemFileHandle {
  return handle.kind === "file";
}

function isFolder(entry: FileSystemEntry | null): entry is FileSystemDirectoryEntry {
  return entry?.isDirectory ?? false;
}

function isFile(entry: FileSystemEntry): entry is FileSystemFileEntry {
  return entry.isFile;
}

async function walk(
  folder: FileSystemDirectoryEntry,
  picked: Picked[],
  unreadable: string[],
): Promise<void> {
  const path = folder.fullPath.slice(1);
  const entries = await entriesOf(folder).catch(() => {
    unreadable.push(path);
    return [];
  });
  // Asked for one by one, ten thousand files would take long.
  const files = await Promise.all(
    entries.map((entry) => (isFile(entry) ? fileOf(entry).catch(() => undefined) : undefined)),
  );
  for (const [index, entry] of entries.entries()) {
    const within = `${path}/${entry.name}`;
    const file = files[index];
    if (isFolder(entry)) await walk(entry, picked, unreadable);
    else if (file === undefined) unreadable.push(within);
    else picked.push({ file, path: within });
  }
}

/** Browsers hand out a folder by the hundred, and then an empty list. */
async function entriesOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => {
      reader.readEntries(resolve, reject);
    });
    if (some.length === 0) return all;
    all.push(...some);
  }
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
