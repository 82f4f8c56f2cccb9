/**
 * The engines of the page. Jupyter imports this module once for each model and marimo once for
 * all, so module state would be shared wrongly in one of them.
 */

import type { Uploads } from "./uploads";

/** An engine and its views. */
export interface Hosted {
  readonly engine: Uploads;
  /** Destination of its files: only a widget that sends to the same place may adopt it. */
  readonly target: string;
  /** The cell that made the widget; empty if none did. */
  readonly cell: string;
  /** Mounted views. */
  views: number;
}

interface Registry {
  readonly engines: Map<string, Hosted>;
}

/** The number changes when an older version's objects would no longer do. */
const REGISTRY = Symbol.for("s3upload_widget 1");

/** The engine of each model, by the model's `_engine_id`. */
export function engines(): Map<string, Hosted> {
  const page = globalThis as typeof globalThis & { [REGISTRY]?: Registry };
  page[REGISTRY] ??= { engines: new Map() };
  return page[REGISTRY].engines;
}

/**
 * An engine whose files still go to this place and whose kernel is gone, or whose own cell was run
 * again: nothing has to be picked again. A widget that lives keeps its engine, shown or not.
 */
export function adopt(target: string, cell: string): Hosted | undefined {
  const orphans = [...engines()].filter(
    ([, { target: place, cell: its, views, engine }]) =>
      place === target &&
      engine.unfinished &&
      ((views === 0 && cell !== "" && its === cell) || engine.isCut()),
  );
  // Engines without a view come first: the others may still be taken by their own cells.
  const [id, hosted] = orphans.find(([, { views }]) => views === 0) ?? orphans[0] ?? [];
  if (id !== undefined) engines().delete(id);
  return hosted;
}
