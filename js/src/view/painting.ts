/** When to paint: a few times a second, and at once after the user did something. */

import { useLayoutEffect, useReducer } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import type { WidgetModel } from "../model";

/** Nobody can read numbers that change more often. */
const EVERY_MS = 250;

class Painter {
  readonly #paint: () => void;
  #paintedAt = 0;
  #timer = 0;
  #frame = 0;

  constructor(paint: () => void) {
    this.#paint = paint;
  }

  soon = (): void => {
    if (this.#timer !== 0 || this.#frame !== 0) return;
    const rest = this.#paintedAt + EVERY_MS - performance.now();
    if (rest <= 0) this.now();
    else this.#timer = window.setTimeout(this.now, rest);
  };

  now = (): void => {
    window.clearTimeout(this.#timer);
    this.#timer = 0;
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paintedAt = performance.now();
      this.#paint();
    });
  };

  stop(): void {
    window.clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
  }
}

/** Paint the calling component again when the engine, a trait or the user changed something. */
export function usePainting(root: HTMLElement, engine: Uploads, model: WidgetModel): void {
  const [, paint] = useReducer((paints: number) => paints + 1, 0);
  useLayoutEffect(() => {
    const painter = new Painter(() => paint(undefined));
    const release = engine.subscribe(painter.soon);
    const traits = ["change:disabled", "change:description", "change:accept"] as const;
    for (const trait of traits) model.on(trait, painter.now);
    root.addEventListener("click", painter.now);
    return () => {
      release();
      for (const trait of traits) model.off(trait, painter.now);
      root.removeEventListener("click", painter.now);
      painter.stop();
    };
  }, [root, engine, model]);
}
