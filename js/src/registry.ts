/**
 * What the page shares. Jupyter imports this module once for each model and marimo once for all,
 * so module state would be shared wrongly in one of them.
 */

import { Pool } from "./pool";
import type { Uploads } from "./uploads";

interface Registry {
  readonly pools: Map<string, Pool>;
  readonly engines: Map<string, Uploads>;
}

/** The number changes when an older version's objects would no longer do. */
const REGISTRY = Symbol.for("s3upload_widget 1");

function registry(): Registry {
  const page = globalThis as typeof globalThis & { [REGISTRY]?: Registry };
  page[REGISTRY] ??= { pools: new Map(), engines: new Map() };
  return page[REGISTRY];
}

/** The engine of each model, by the model's `_engine_id`. */
export function engines(): Map<string, Uploads> {
  return registry().engines;
}

/** The page's pool for an S3 origin. */
export function poolFor(origin: string): Pool {
  const { pools } = registry();
  const pool = pools.get(origin) ?? new Pool();
  pools.set(origin, pool);
  return pool;
}
