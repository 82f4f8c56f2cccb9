/** Announces changes of the files' states to screen readers, and never their numbers. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import { count } from "../text/format";
import { text } from "../text/text";
import type { Upload } from "../upload/upload";
import { nameOf, stateWords } from "./words";

interface Changed {
  readonly upload: Upload;
  readonly words: string;
}

/** Changes that are said one by one; of more, only how many are alike. */
const NAMED = 3;

export function Announcer({ engine }: { engine: Uploads }): JSX.Element {
  const region = useRef<HTMLOutputElement>(null);
  const known = useRef<WeakMap<Upload, string> | undefined>(undefined);
  useLayoutEffect(() => {
    const before = known.current;
    const words = before ?? new WeakMap<Upload, string>();
    known.current = words;
    const changed = changes(engine, words);
    if (before === undefined || changed.length === 0 || region.current === null) return;
    region.current.textContent = said(changed).join(". ");
  });
  return <output class="s3up-hidden" ref={region} />;
}

/** Announce something else, in the view that an element belongs to. */
export function say(near: Element, words: string): void {
  const region = near.closest(".s3up")?.querySelector("output");
  if (region) region.textContent = words;
}

/** Files whose state differs from what was last announced; updates the record. */
function changes(engine: Uploads, known: WeakMap<Upload, string>): Changed[] {
  const changed: Changed[] = [];
  for (const upload of engine.files) {
    const words = stateWords(upload, engine.progressOf(upload));
    if (known.get(upload) === words) continue;
    known.set(upload, words);
    changed.push({ upload, words });
  }
  return changed;
}

function said(changed: readonly Changed[]): string[] {
  const byWords = new Map<string, Upload[]>();
  for (const { upload, words } of changed) {
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
