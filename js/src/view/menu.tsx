/** A small menu of texts to copy: the ARIA Authoring Practices' menu button. */

import type { JSX, TargetedKeyboardEvent } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { text } from "../text/text";
import { say } from "./announcer";
import { writeClipboard } from "./clipboard";
import { OURS } from "./controls";
import { Icon } from "./icons";

export interface MenuItem {
  readonly label: string;
  readonly content: string;
}

interface MenuProps {
  readonly label: string;
  /** The text for a screen reader, for the button and its menu. */
  readonly spoken: string;
  readonly items: readonly MenuItem[];
}

type Opened = "closed" | "at first" | "at last";

export function CopyMenu({ label, spoken, items }: MenuProps): JSX.Element {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const [opened, setOpened] = useState<Opened>("closed");
  const isOpen = opened !== "closed";
  const close = (): void => {
    setOpened("closed");
    button.current?.focus({ preventScroll: true });
  };
  const copy = async ({ label: tool, content }: MenuItem): Promise<void> => {
    close();
    if (!button.current || !(await writeClipboard(content, button.current))) return;
    say(button.current, text.view.copiedFor(tool));
  };
  return (
    <span>
      <button
        ref={button}
        type="button"
        class="s3up-button"
        aria-label={spoken}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        onClick={() => setOpened(isOpen ? "closed" : "at first")}
        onKeyDown={(event) => {
          const opening = OPENING[event.key];
          if (opening === undefined) return;
          setOpened(opening);
          event.preventDefault();
        }}
        {...OURS}
      >
        {label}
        <Icon name="open" />
      </button>
      {isOpen && (
        <Items
          {...{ id, label: spoken, items, close, copy }}
          button={button.current}
          first={opened === "at first"}
          leave={() => setOpened("closed")}
        />
      )}
    </span>
  );
}

const OPENING: Readonly<Record<string, Opened>> = { ArrowDown: "at first", ArrowUp: "at last" };

interface ItemsProps {
  readonly id: string;
  readonly label: string;
  readonly items: readonly MenuItem[];
  readonly button: HTMLElement | null;
  /** Whether the first item takes the focus when the menu opens, or the last. */
  readonly first: boolean;
  readonly copy: (item: MenuItem) => Promise<void>;
  /** Close the menu, and focus the button. */
  readonly close: () => void;
  /** Close the menu: the focus went elsewhere, or the button moved. */
  readonly leave: () => void;
}

function Items(props: ItemsProps): JSX.Element {
  const { id, label, items, button, first, copy, close, leave } = props;
  const menu = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    if (!menu.current || !button) return;
    // In the top layer nothing that scrolls or hides can cut it off.
    menu.current.showPopover?.();
    place(menu.current, button);
    buttonsOf(menu.current)
      .at(first ? 0 : -1)
      ?.focus({ preventScroll: true });
    return leaving(menu.current, button, leave);
  }, []);
  return (
    <div
      ref={menu}
      id={id}
      class="s3up-menu"
      role="menu"
      aria-label={label}
      popover="manual"
      tabIndex={-1}
      onKeyDown={(event) => steer(event, close)}
      {...OURS}
    >
      {items.map((item) => (
        <button
          key={item.label}
          type="button"
          class="s3up-menuitem"
          role="menuitem"
          tabIndex={-1}
          onClick={() => void copy(item)}
          {...OURS}
        >
          {item.label}
        </button>
      ))}
    </div>
  );
}

/** Below the button, or above where there is more room; its end where the button ends. */
function place(menu: HTMLElement, button: HTMLElement): void {
  const { top, bottom, right } = button.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + GAP + height <= innerHeight || top < innerHeight - bottom;
  menu.style.top = `${below ? bottom + GAP : Math.max(GAP, top - GAP - height)}px`;
  menu.style.left = `${Math.max(GAP, Math.min(right, innerWidth - GAP) - width)}px`;
}

/** CSS pixels between the menu and its surroundings. */
const GAP = 4;

function leaving(menu: HTMLElement, button: HTMLElement, leave: () => void): () => void {
  const end = new AbortController();
  const { signal } = end;
  // The button closes its menu by itself.
  const isOurs = (target: EventTarget | null): boolean =>
    target instanceof Node && (menu.contains(target) || button.contains(target));
  const outside = ({ target }: Event): void => {
    if (!isOurs(target)) leave();
  };
  const blurred = ({ relatedTarget }: FocusEvent): void => {
    if (!isOurs(relatedTarget)) leave();
  };
  menu.addEventListener("focusout", blurred, { signal });
  window.addEventListener("pointerdown", outside, { signal, capture: true });
  // The event of a scroll that ended just before may come after the click: only a real move counts.
  const { top } = button.getBoundingClientRect();
  const moved = (): void => {
    if (button.getBoundingClientRect().top !== top) leave();
  };
  window.addEventListener("scroll", moved, { signal, capture: true });
  window.addEventListener("resize", leave, { signal });
  return () => end.abort();
}

function steer(event: TargetedKeyboardEvent<HTMLElement>, close: () => void): void {
  const { key, currentTarget } = event;
  const buttons = buttonsOf(currentTarget);
  const at = buttons.findIndex((each) => each.matches(":focus"));
  const to = destination(key, at, buttons);
  if (key === "Escape" || key === "Tab") close();
  else if (to === undefined) return;
  else buttons.at(to)?.focus();
  // Tab continues from the button. Escape would leave the notebook's cell, too.
  if (key !== "Tab") event.preventDefault();
  event.stopPropagation();
}

/** The item that a key leads to: arrows wrap around, a letter finds the next item by initial. */
function destination(key: string, at: number, buttons: readonly Element[]): number | undefined {
  if (key === "ArrowDown") return (at + 1) % buttons.length;
  if (key === "ArrowUp") return at - 1;
  if (key === "Home") return 0;
  if (key === "End") return -1;
  if (key.length !== 1) return undefined;
  const begins = (each: Element): boolean =>
    each.textContent?.toLowerCase().startsWith(key.toLowerCase()) ?? false;
  const found = buttons.findIndex((each, index) => index > at && begins(each));
  const other = found >= 0 ? found : buttons.findIndex(begins);
  return other >= 0 ? other : undefined;
}

function buttonsOf(menu: HTMLElement): HTMLElement[] {
  return [...menu.querySelectorAll<HTMLElement>("[role=menuitem]")];
}
