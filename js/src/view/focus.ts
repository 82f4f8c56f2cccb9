/** The keyboard's part: focus that survives what it stood on, and keys that stay ours. */

import { useLayoutEffect } from "preact/hooks";

/**
 * Keys pressed on our controls must not reach JupyterLab, where `d d` deletes the cell. The keys
 * that run a cell and Escape, which leaves it, are the notebook's; so are its shortcuts with Ctrl.
 */
export function keepKeys(root: HTMLElement): void {
  root.addEventListener("keydown", (event) => {
    const notebooks = event.key === "Escape" || (event.key === "Enter" && event.shiftKey);
    if (!(notebooks || event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  });
}

/** After a paint took the focused control away, focus the nearest one that is left. */
export function useFocusKept(root: HTMLElement): void {
  useLayoutEffect(() => {
    const last = new LastFocus(root);
    const observer = new MutationObserver(() => last.restore());
    observer.observe(root, { childList: true, subtree: true });
    return () => {
      observer.disconnect();
      last.stop();
    };
  }, [root]);
}

const ROWS = ".s3up-row, .s3up-offer";

class LastFocus {
  readonly #root: HTMLElement;
  readonly #end = new AbortController();
  #element: HTMLElement | undefined;
  #row: Element | undefined;
  #list: Element | undefined;
  /** The buttons that it stood among. */
  #actions: Element | undefined;
  /** Where its row stood, counted from 1. */
  #position = 0;
  /** The answer to "delete?" leads back to the button that asked, the last one. */
  #answered = false;

  constructor(root: HTMLElement) {
    this.#root = root;
    const { signal } = this.#end;
    root.addEventListener("focusin", ({ target }) => this.#remember(target), { signal });
    root.addEventListener("focusout", ({ target }) => this.#leave(target), { signal });
  }

  restore(): void {
    if (this.#element === undefined || this.#element.isConnected) return;
    this.#element = undefined;
    this.#nearest()?.focus({ preventScroll: true });
  }

  stop(): void {
    this.#end.abort();
  }

  #remember(target: EventTarget | null): void {
    if (!(target instanceof HTMLElement)) return;
    this.#element = target;
    this.#row = target.closest(ROWS) ?? undefined;
    this.#actions = target.closest(".s3up-actions") ?? undefined;
    this.#answered = target.closest(".s3up-question") !== null;
    this.#list = this.#row?.parentElement ?? undefined;
    this.#position = this.#row === undefined ? 0 : position(this.#row);
  }

  /** Removing an element may end its focus too: only one that stays was left by the user. */
  #leave(target: EventTarget | null): void {
    queueMicrotask(() => {
      if (this.#element === target && this.#element?.isConnected) this.#element = undefined;
    });
  }

  #nearest(): HTMLElement | null {
    const beside = this.#actions?.isConnected && this.#actions.querySelector("button");
    if (this.#row === undefined && beside) return beside;
    const row = this.#row?.isConnected ? this.#row : this.#successor();
    const actions = row?.querySelector(".s3up-actions") ?? row;
    const buttons = actions?.querySelectorAll<HTMLButtonElement>("button");
    const nearest = this.#answered ? buttons?.[buttons.length - 1] : buttons?.[0];
    return nearest ?? this.#root.querySelector("button");
  }

  /** What stands now where the row stood, or else the last one. */
  #successor(): Element | undefined {
    if (!this.#list?.isConnected) return undefined;
    const rows = [...this.#list.querySelectorAll(ROWS)];
    return rows.find((row) => position(row) >= this.#position) ?? rows.at(-1);
  }
}

/** Counted from 1; of long lists not all rows are drawn. */
function position(row: Element): number {
  const { ariaPosInSet, parentElement } = row;
  return Number(ariaPosInSet) || [...(parentElement?.children ?? [])].indexOf(row) + 1;
}
