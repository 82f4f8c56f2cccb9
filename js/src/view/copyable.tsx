/** A text with a button that copies it. */

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { text } from "../text/text";
import { say } from "./announcer";
import { putText, writeClipboard } from "./clipboard";
import { Action, Name } from "./controls";

/** Milliseconds for which a button says that it has copied. */
const COPIED_MS = 2000;

/** A text in an element of its own, and a button that copies it. */
export function Copyable(props: {
  readonly tag: "code" | "pre";
  readonly content: string;
  readonly spoken: string;
}): JSX.Element {
  const { tag, content, spoken } = props;
  const shown = useRef<HTMLDivElement>(null);
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const act = async (): Promise<void> => {
    if (!shown.current || !(await writeClipboard(content, shown.current))) return;
    setCopied(true);
    say(shown.current, text.view.copied);
  };
  return (
    <div class={`s3up-copyable s3up-copyable-${tag}`}>
      {/* A copy of any selection takes the whole text, even if the screen cuts it short. */}
      <div class="s3up-copied" ref={shown} onCopy={(event) => putText(event, content)}>
        {tag === "pre" ? (
          <pre>{content}</pre>
        ) : (
          <code>
            <Name name={content} />
          </code>
        )}
      </div>
      <Action
        label={copied ? text.view.copied : text.view.copy}
        spoken={spoken}
        act={() => void act()}
      />
    </div>
  );
}
