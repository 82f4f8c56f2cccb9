/** A file's parts as one strip of colours: what is on S3, on its way, ready, and to come. */

import type { Parts } from "../upload/parts";

/** More cells could not be told apart: with more parts, each cell sums up several. */
const MOST_CELLS = 100;

/** Up to this many parts have room for gaps even in the narrowest view. */
const MOST_GAPS = 40;

/** In their order inside a cell. */
const KINDS = ["stored", "sent", "sending", "found", "ready", "failed", "rest"] as const;
type Kind = (typeof KINDS)[number];

const KIND_OF: Readonly<Record<ReturnType<Parts["step"]>, Kind>> = {
  prove: "found",
  hash: "rest",
  hashing: "rest",
  sign: "rest",
  signing: "rest",
  send: "ready",
  sending: "sending",
  resting: "failed",
  differs: "failed",
  stored: "stored",
};

type Cell = Record<Kind, number>;
type Run = { readonly kind: Kind; bytes: number };

/** One gradient for any number of parts: it costs one element, and no layout. */
export function strip(parts: Parts): Record<string, string> {
  let at = 0;
  const stops = runs(parts).map(({ kind, bytes }) => {
    const from = at;
    at += bytes;
    return `var(--s3up-${kind}) ${share(from, parts.size)} ${share(at, parts.size)}`;
  });
  const gradient = `linear-gradient(var(--s3up-forward), ${stops.join(", ")})`;
  if (parts.total > MOST_GAPS) return { backgroundImage: gradient };
  return { backgroundImage: gradient, "--s3up-part": share(parts.partSize, parts.size) };
}

/** Neighbours of one kind, merged into runs. */
function runs(parts: Parts): Run[] {
  const all: Run[] = [];
  for (const cell of cells(parts)) {
    for (const kind of KINDS) {
      const last = all.at(-1);
      if (cell[kind] === 0) continue;
      if (last?.kind === kind) last.bytes += cell[kind];
      else all.push({ kind, bytes: cell[kind] });
    }
  }
  return all;
}

/** Bytes of each kind in each cell. */
function cells(parts: Parts): Cell[] {
  const count = Math.min(parts.total, MOST_CELLS);
  const all = Array.from({ length: count }, emptyCell);
  const sent = new Map(parts.inFlight);
  for (let number = 1; number <= parts.total; number += 1) {
    const cell = all[Math.floor(((number - 1) * count) / parts.total)] ?? emptyCell();
    const kind = parts.hasFailed(number) ? "failed" : KIND_OF[parts.step(number)];
    const gone = kind === "sending" ? (sent.get(number) ?? 0) : 0;
    cell.sent += gone;
    cell[kind] += parts.length(number) - gone;
  }
  return all;
}

function emptyCell(): Cell {
  return { stored: 0, sent: 0, sending: 0, found: 0, ready: 0, failed: 0, rest: 0 };
}

function share(bytes: number, size: number): string {
  return `${+((bytes * 100) / size).toFixed(3)}%`;
}
