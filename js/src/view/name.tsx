/** A file's name, cut in its middle where it does not fit: its end tells more than its middle. */

import type { JSX } from "preact";

/** Characters that are always shown of the end. */
const TAIL = 12;

export function Name({ name }: { name: string }): JSX.Element {
  const characters = [...name];
  const cut = Math.max(0, characters.length - TAIL);
  return (
    <bdi class="s3up-name" title={name}>
      <span class="s3up-head">{characters.slice(0, cut).join("")}</span>
      <span class="s3up-tail">{characters.slice(cut).join("")}</span>
    </bdi>
  );
}
