/**
 * Leaves out files of a folder that the user hardly means. Files that were picked by their name are
 * all taken, and the kernel refuses them one by one.
 */

import { ACCEPT_ENTRY } from "../protocol";
import type { Picked } from "./drop";

export interface Filtered {
  readonly picked: readonly Picked[];
  /** How many files of the operating system or of Jupyter were left out. */
  readonly system: number;
  /** Paths of files that are not of a kind taken here. */
  readonly otherKinds: readonly string[];
}

const SYSTEM_FILES = new Set([".ds_store", "thumbs.db", "desktop.ini"]);
const SYSTEM_FOLDER = ".ipynb_checkpoints";

const ENTRY = new RegExp(ACCEPT_ENTRY);

/** @param accept as of HTML's `<input accept>`, which itself does not look into folders. */
export function filterFolder(picked: readonly Picked[], accept: string): Filtered {
  const kinds = accept
    .split(",")
    .map((kind) => kind.trim().toLowerCase())
    .filter((kind) => kind !== "");
  const mine = picked.filter((each) => !isSystem(each));
  const isWanted = (each: Picked): boolean => !inFolder(each) || isOfKind(each, kinds);
  return {
    picked: mine.filter(isWanted),
    system: picked.length - mine.length,
    otherKinds: mine.filter((each) => !isWanted(each)).map(({ path }) => path),
  };
}

function inFolder({ path }: Picked): boolean {
  return path.includes("/");
}

function isSystem(picked: Picked): boolean {
  if (!inFolder(picked)) return false;
  const names = picked.path.toLowerCase().split("/");
  return SYSTEM_FILES.has(names.at(-1) ?? "") || names.includes(SYSTEM_FOLDER);
}

/** The kernel decides by the same rules for whatever is picked. */
function isOfKind({ file }: Picked, kinds: readonly string[]): boolean {
  const name = file.name.toLowerCase();
  const type = file.type.replace(/;.*/, "").trim().toLowerCase();
  const isOf = (kind: string): boolean => {
    const [, ending, everything, family] = ENTRY.exec(kind) ?? [];
    if (ending) return name.endsWith(ending) && name !== ending;
    if (family) return type.startsWith(family);
    return Boolean(everything) || type === kind;
  };
  return kinds.length === 0 || kinds.some(isOf);
}
