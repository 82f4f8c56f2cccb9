/** Keyboard: focus that survives the removal of its element, and keys that stay in the view. */

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

/** Whenever a paint removes the focused control, focus the nearest one that is left. */
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
  /** The group of buttons that it was in. */
  #actions: Element | undefined;
  /** Its row's position, counted from 1. */
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

  /** A removed element loses its focus, too: only if it is still there did the user leave it. */
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

  /** The row now at the lost row's position, or else the last one. */
  #successor(): Element | undefined {
    if (!this.#list?.isConnected) return undefined;
    const rows = [...this.#list.querySelectorAll(ROWS)];
    return rows.find((row) => position(row) >= this.#position) ?? rows.at(-1);
  }
}

/** Counted from 1; a long list does not draw all of its rows. */
function position(row: Element): number {
  const { ariaPosInSet, parentElement } = row;
  return Number(ariaPosInSet) || [...(parentElement?.children ?? [])].indexOf(row) + 1;
}
