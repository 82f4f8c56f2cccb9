/** The list of files: draws only the rows in sight, and those around the focus. */

import type { JSX, RefObject } from "preact";
import { useLayoutEffect, useReducer, useRef } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import { text } from "../text/text";
import { Row } from "./row";

/** Lists up to this length are drawn whole. */
const FEW = 50;

/** CSS pixels to draw beyond the visible part, so that Tab and the wheel find a next row. */
const MARGIN = 400;

/** CSS pixels, until something is measured. */
const ROW = 62;
const SIGHT = 480;

export function List({ engine }: { engine: Uploads }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const { files } = engine;
  const { drawn, after } = useWindow(
    list,
    files.map(({ id }) => id),
  );
  return (
    <ul
      ref={list}
      class="s3up-list"
      aria-label={text.view.files}
      style={{ "--s3up-after": `${after}px` }}
    >
      {drawn.map(({ index, gap }) => {
        const upload = files[index];
        return (
          upload && (
            <Row
              key={upload.id}
              engine={engine}
              upload={upload}
              progress={engine.progressOf(upload)}
              place={{ index, total: files.length, gap }}
            />
          )
        );
      })}
    </ul>
  );
}

interface Drawn {
  readonly index: number;
  /** CSS pixels of the rows just before it that are not drawn. */
  readonly gap: number;
}

interface Window {
  readonly drawn: readonly Drawn[];
  /** CSS pixels of the rows after the last one drawn. */
  readonly after: number;
}

/**
 * Follow a scrolling list whose rows carry their ids in `data-id`. Rows may differ in height: each
 * is measured when it is drawn, and until then counts as high as the average row.
 */
function useWindow(list: RefObject<HTMLElement | null>, ids: readonly string[]): Window {
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const heights = useRef(new Map<string, number>()).current;
  const focused = useRef("");
  useLayoutEffect(() => {
    return list.current
      ? follow(list.current, heights, focused, () => redraw(undefined))
      : undefined;
  }, [list, heights]);
  useLayoutEffect(() => {
    for (const row of list.current?.children ?? []) {
      if (row instanceof HTMLElement) heights.set(idOf(row), row.offsetHeight);
    }
  });
  if (ids.length <= FEW) return { drawn: ids.map((_, index) => ({ index, gap: 0 })), after: 0 };
  const top = list.current?.scrollTop ?? 0;
  const sight = list.current?.clientHeight || SIGHT;
  const usual = average(heights);
  const focus = ids.indexOf(focused.current);
  return pick(ids, top - MARGIN, top + sight + MARGIN, (id, index) => ({
    height: heights.get(id) ?? usual,
    // The neighbours, too, because Tab leads there.
    always: focus >= 0 && Math.abs(index - focus) <= 1,
  }));
}

function pick(
  ids: readonly string[],
  from: number,
  to: number,
  about: (id: string, index: number) => { height: number; always: boolean },
): Window {
  const drawn: Drawn[] = [];
  let at = 0;
  let gap = 0;
  for (const [index, id] of ids.entries()) {
    const { height, always } = about(id, index);
    if (always || (at + height > from && at < to)) {
      drawn.push({ index, gap });
      gap = 0;
    } else gap += height;
    at += height;
  }
  return { drawn, after: gap };
}

/** Redraw when the list scrolls or grows, and remember which row has the focus. */
function follow(
  list: HTMLElement,
  heights: Map<string, number>,
  focused: { current: string },
  redraw: () => void,
): () => void {
  const end = new AbortController();
  const { signal } = end;
  let width = list.clientWidth;
  const observer = new ResizeObserver(() => {
    // At another width, every row may have another height.
    if (list.clientWidth !== width) heights.clear();
    width = list.clientWidth;
    redraw();
  });
  observer.observe(list);
  signal.addEventListener("abort", () => observer.disconnect());
  const focus = (target: EventTarget | null): void => {
    const row = target instanceof Element ? target.closest("[data-id]") : null;
    focused.current = row ? idOf(row) : "";
    // At once: Tab may be pressed again before the list has scrolled.
    redraw();
  };
  list.addEventListener("scroll", redraw, { signal, passive: true });
  list.addEventListener("focusin", ({ target }) => focus(target), { signal });
  list.addEventListener("focusout", ({ relatedTarget }) => focus(relatedTarget), { signal });
  return () => end.abort();
}

function idOf(row: Element): string {
  return row.getAttribute("data-id") ?? "";
}

function average(heights: ReadonlyMap<string, number>): number {
  if (heights.size === 0) return ROW;
  let sum = 0;
  for (const height of heights.values()) sum += height;
  return sum / heights.size;
}
