/** Says aloud what changed of the files' states, and never their numbers. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { count } from "../format";
import type { FileProgress } from "../protocol";
import { text } from "../text";
import type { Upload } from "../upload";
import type { Uploads } from "../uploads";
import { nameOf, stateWords } from "./words";

interface Changed {
  readonly upload: Upload;
  readonly progress: FileProgress;
}

/** Changes that are told one by one; of more, only how many are alike. */
const NAMED = 3;

export function Announcer({ engine }: { engine: Uploads }): JSX.Element {
  const region = useRef<HTMLOutputElement>(null);
  const known = useRef<Map<string, string> | undefined>(undefined);
  useLayoutEffect(() => {
    const rows = engine.files.map((upload) => ({ upload, progress: engine.progressOf(upload) }));
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

/** Say something else aloud, in the view that an element belongs to. */
export function say(near: Element, words: string): void {
  const region = near.closest(".s3up")?.querySelector("output");
  if (region) region.textContent = words;
}

function said(changed: readonly Changed[]): string[] {
  const byWords = new Map<string, Upload[]>();
  for (const { upload, progress } of changed) {
    const words = stateWords(upload, progress);
    const alike = byWords.get(words);
    if (alike === undefined) byWords.set(words, [upload]);
    else alike.push(upload);
  }
  return [...byWords].flatMap(([words, uploads]) =>
    uploads.length > 1 && changed.length > NAMED
      ? [text.view.saidMany(count(uploads.length), words)]
      : uploads.map((upload) => text.view.said(nameOf(upload), words)),
  );
}
