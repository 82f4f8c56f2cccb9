/** Says aloud what changed of the files' states, and never their numbers. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { count } from "../format";
import type { FileProgress } from "../protocol";
import { text } from "../text";
import type { Upload } from "../upload";
import { nameOf, stateWords } from "./words";

interface AnnouncerProps {
  readonly rows: readonly { readonly upload: Upload; readonly progress: FileProgress }[];
}

/** Changes that are told one by one; of more, only how many are alike. */
const NAMED = 3;

export function Announcer({ rows }: AnnouncerProps): JSX.Element {
  const region = useRef<HTMLOutputElement>(null);
  const known = useRef<Map<string, string> | undefined>(undefined);
  useLayoutEffect(() => {
    const now = new Map(
      rows.map(({ upload, progress }) => [upload.id, stateWords(upload, progress)]),
    );
    const before = known.current ?? now;
    known.current = now;
    const changed = rows.filter(({ upload: { id } }) => now.get(id) !== before.get(id));
    if (changed.length === 0 || region.current === null) return;
    region.current.textContent = said(changed).join(". ");
  });
  return <output class="s3up-hidden" ref={region} />;
}

function said(changed: AnnouncerProps["rows"]): string[] {
  const byWords = new Map<string, Upload[]>();
  for (const { upload, progress } of changed) {
    const words = stateWords(upload, progress);
    byWords.set(words, [...(byWords.get(words) ?? []), upload]);
  }
  return [...byWords].flatMap(([words, uploads]) =>
    uploads.length > 1 && changed.length > NAMED
      ? [text.view.saidMany(count(uploads.length), words)]
      : uploads.map((upload) => text.view.said(nameOf(upload), words)),
  );
}
