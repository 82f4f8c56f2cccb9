/** Buttons, bars and names. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Parts } from "../upload/parts";
import { Icon, type IconName } from "./icons";
import { strip } from "./strip";

interface ActionProps {
  readonly label: string;
  /** The full text for a screen reader, with the name of what the button acts on. */
  readonly spoken?: string;
  /** Shown in place of the label, which becomes the tooltip. */
  readonly icon?: IconName;
  readonly kind?: "primary" | "danger" | undefined;
  readonly disabled?: boolean;
  /** Whether it takes the focus when it appears, as the answer to a question does. */
  readonly focused?: boolean;
  readonly act: () => void;
}

/** The attribute suppresses JupyterLab's shortcuts; Lab reads it from the focused element only. */
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
  /** The percentage in words, and what it measures. */
  readonly words: string;
  /** The parts of a file that has several: the bar draws each. */
  readonly parts?: Parts | undefined;
}

export function Bar({ label, percent, words, parts }: BarProps): JSX.Element {
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
      {parts ? (
        <div class="s3up-strip" aria-hidden="true" style={strip(parts)} />
      ) : (
        <div class="s3up-fill" style={{ "--s3up-percent": percent }} />
      )}
    </div>
  );
}

/** Characters of the end that are always shown. */
const TAIL = 12;

/** A file's name, cut in the middle if it does not fit: its end says more than its middle. */
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
