/** Buttons and bars. */

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { text } from "../text";
import { Icon, type IconName } from "./icons";
import { Name } from "./name";

interface ActionProps {
  readonly label: string;
  /** What it acts on, or all that a screen reader should say. */
  readonly spoken?: string;
  /** Shown in place of the label, which is then the tooltip. */
  readonly icon?: IconName;
  readonly kind?: "primary" | "danger" | undefined;
  readonly disabled?: boolean;
  /** Take the focus on appearing, as the answer to a question does. */
  readonly focused?: boolean;
  readonly act: () => void;
}

/** The attribute keeps JupyterLab's shortcuts off; Lab looks for it on the focused element only. */
export const OURS = { "data-lm-suppress-shortcuts": "true" } as const;

export function Action(props: ActionProps): JSX.Element {
  const { label, spoken = label, icon, kind, disabled = false, focused = false, act } = props;
  const button = useRef<HTMLButtonElement>(null);
  useLayoutEffect(() => {
    if (focused) button.current?.focus({ preventScroll: true });
  }, [focused]);
  return (
    <button
      ref={button}
      type="button"
      class={`s3up-button${kind ? ` s3up-${kind}` : ""}${icon ? " s3up-bare" : ""}`}
      aria-label={spoken}
      title={icon ? label : undefined}
      disabled={disabled}
      onClick={act}
      {...OURS}
    >
      {icon ? <Icon name={icon} /> : label}
    </button>
  );
}

interface BarProps {
  readonly label: string;
  readonly percent: number;
  /** The percent in words, with what they stand for. */
  readonly words: string;
}

export function Bar({ label, percent, words }: BarProps): JSX.Element {
  return (
    <div
      class="s3up-bar"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-valuetext={words}
    >
      <div class="s3up-fill" style={{ inlineSize: `${percent}%` }} />
    </div>
  );
}

/** How long a button says that it has copied, milliseconds. */
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
  const act = (): void => {
    if (shown.current) void copy(content, shown.current).then(setCopied);
  };
  return (
    <div class={`s3up-copyable s3up-copyable-${tag}`}>
      <div class="s3up-copied" ref={shown} onCopy={(event) => put(event, content)}>
        {tag === "pre" ? (
          <pre>{content}</pre>
        ) : (
          <code>
            <Name name={content} />
          </code>
        )}
      </div>
      <Action label={copied ? text.view.copied : text.view.copy} spoken={spoken} act={act} />
    </div>
  );
}

/** Whatever of the text is selected, all of it is copied: what is cut short on the screen, too. */
function put(event: ClipboardEvent, content: string): void {
  event.clipboardData?.setData("text/plain", content);
  event.preventDefault();
  event.stopPropagation();
}

/** On pages without https there is no clipboard to write to: select the text and copy that. */
async function copy(content: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    getSelection()?.selectAllChildren(shown);
    return document.execCommand("copy");
  }
}
