/**
 * The way from this page to one store, over all of its names: how many parts it gets at once, which
 * grows while that helps. Knows no part and no name.
 */

import { tuning } from "../tuning";

/** Connections that a browser opens to one host; over HTTP/2, one connection takes many requests. */
export const CONNECTIONS = 6;

/** The most parts that are sent at once, whatever the browser and the store take. */
export const MOST = 64;

/** One lane alone has to be so good as all of them were, else each has a limit of its own. */
const AS_GOOD = 0.7;

/** More lanes have to carry so much more, else the line itself is full. */
const GAIN = 1.25;

/** Lanes are tried by so many times as many where what is under way takes moments … */
const BOLD = 4;
const MOMENTS_MS = 10_000;

/** … else, as all that is under way may be lost, by so many times. */
const CAREFUL = 2;

/** So many lanes have to be seen before their pace counts; of parts alone, the fastest does. */
const ENOUGH = 3;

/** Buffers take the first bytes: those of this fraction of the time that a part is watched. */
const FILLS = 4;

/** Jupyter imports this module once for each model, so it cannot hold what the page shares. */
const LINES = Symbol.for("s3upload_widget lines");

/** The page's line to a store. */
export function lineTo(store: string): Line {
  const page = globalThis as typeof globalThis & { [LINES]?: Map<string, Line> };
  page[LINES] ??= new Map();
  const line = page[LINES].get(store) ?? new Line();
  page[LINES].set(store, line);
  return line;
}

/** The bytes of one part that leave. */
export class Track {
  readonly size: number;
  readonly startedAt: number;
  /** How many were on their way when it began, itself included. */
  readonly company: number;
  /** The most that were on their way at once since then. */
  most: number;
  readonly #line: Line;
  /** Called at most once: another part needs the line more, so this one is to be sent later. */
  onGiveWay: () => void = () => {};
  bytes = 0;
  /** How many had left when the pace was taken last; -1 before. */
  marked = -1;
  #hasLeft = false;
  /** When it had filled the buffers on its way, milliseconds since 1970 … */
  #filledAt: number;
  /** … with so many bytes. */
  #filled = 0;

  constructor(line: Line, size: number, company: number, now: number) {
    this.#line = line;
    this.size = size;
    this.company = company;
    this.most = company;
    this.startedAt = now;
    this.#filledAt = now;
  }

  /** Whether it has been under way for long enough to be judged, and still is. */
  isSeen(now: number): boolean {
    return !this.#hasLeft && now >= this.startedAt + tuning.watchMs;
  }

  /** The share of it that leaves in a millisecond. */
  share(now: number): number {
    return (this.bytes - this.#filled) / (now - this.#filledAt) / this.size;
  }

  moved(bytes: number, now = Date.now()): void {
    this.bytes = bytes;
    if (now < this.startedAt + tuning.watchMs / FILLS) {
      this.#filled = bytes;
      this.#filledAt = now;
    }
    this.#line.moved(now);
  }

  /** The last byte left. */
  left(now = Date.now()): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    this.#line.left(this, now);
  }

  /** It is over; `stored` if the store has it. */
  end(stored: boolean, now = Date.now()): void {
    this.#line.ended(this, stored, now);
  }
}

/** More lanes than before, until it is seen whether they help. */
interface Trial {
  readonly from: number;
  /** Bytes a millisecond of one lane, before. */
  readonly pace: number;
  readonly since: number;
}

export class Line {
  #limit = CONNECTIONS;
  /**
   * On a slow line parts go one after the other anyway, and each that is under way may be lost:
   * there one is sent at a time, unless that was seen to be slower.
   */
  #mode: "all" | "one" | "never one" = "all";
  /** Parts a millisecond that passed when all lanes were last in use. */
  #passes = 0;
  /** Milliseconds that parts took which were sent alone; a busy page makes single ones slow. */
  #alone: number[] = [];
  readonly #tracks = new Set<Track>();
  /** Bytes a millisecond of parts that were stored since the pace was taken last. */
  #stored: number[] = [];
  #markedAt = 0;
  #trial: Trial | undefined;
  #growsAt = 0;
  readonly #listeners = new Set<() => void>();

  /** The most parts at once. */
  get limit(): number {
    return this.#mode === "one" ? 1 : this.#limit;
  }

  /** Whether another part may start. */
  get hasRoom(): boolean {
    return this.#tracks.size < this.limit;
  }

  /** Calls `listener` when there is more room; returns how to stop that. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A part of so many bytes starts. */
  start(size: number, now = Date.now()): Track {
    const track = new Track(this, size, this.#tracks.size + 1, now);
    for (const other of this.#tracks) other.most = Math.max(other.most, track.company);
    this.#tracks.add(track);
    return track;
  }

  /** The store cannot keep up. */
  back(now = Date.now()): void {
    this.#limit = Math.max(CONNECTIONS, Math.floor(this.#limit / 2));
    this.#trial = undefined;
    this.#growsAt = now + tuning.growAgainMs;
  }

  /** Bytes of some part left. */
  moved(now: number): void {
    if (now < this.#markedAt + tuning.paceMs) return;
    const pace = this.#pace(now);
    this.#mark(now);
    this.#watch(now);
    if (pace !== undefined && this.#tracks.size >= this.#limit) this.#grow(pace, now);
  }

  /** All bytes of a part left. */
  left(track: Track, now: number): void {
    const ms = now - track.startedAt;
    // Others that went beside it for a while took their share of the line.
    const mayJudge = this.#mode === "all" && this.#tracks.size > 1;
    if (mayJudge && (CONNECTIONS * ms) / track.most > tuning.slowMs) {
      this.#slow(track.most / ms);
    } else if (this.#mode === "one" && track.company === 1) {
      this.#judgeAlone(ms);
    }
  }

  #slow(passes: number): void {
    this.#mode = "one";
    this.#passes = passes;
    this.#alone = [];
  }

  /**
   * See early that a line is slow: the part that is ahead stays, and the others give way, unless more
   * than one part's bytes would be lost.
   */
  #watch(now: number): void {
    const tracks = [...this.#tracks].sort((one, other) => other.bytes - one.bytes);
    const [ahead, ...others] = tracks;
    // Behind a service worker no bytes show: that nothing seems to move says nothing then.
    const isSeen = (track: Track): boolean => track.bytes > 0 && track.isSeen(now);
    const mayJudge = this.#mode === "all" && tracks.every(isSeen);
    if (!mayJudge || ahead === undefined || others.length === 0) return;
    const passes = tracks.reduce((sum, track) => sum + track.share(now), 0);
    if (CONNECTIONS <= passes * tuning.slowMs) return;
    this.#slow(passes);
    const lost = others.reduce((sum, { bytes }) => sum + bytes, 0);
    if (lost <= ahead.size) for (const track of others) track.onGiveWay();
  }

  #judgeAlone(ms: number): void {
    if (CONNECTIONS * ms <= tuning.slowMs) this.#mode = "all";
    else this.#alone.push(ms);
    if (this.#alone.length < ENOUGH) return;
    if (1 / Math.min(...this.#alone) < AS_GOOD * this.#passes) this.#mode = "never one";
    this.#alone = [];
  }

  ended(track: Track, stored: boolean, now: number): void {
    const ms = now - track.startedAt;
    if (this.#tracks.delete(track) && stored && ms > 0) this.#stored.push(track.size / ms);
    this.moved(now);
  }

  /** Bytes a millisecond of one lane since the last mark; undefined if too few were seen. */
  #pace(now: number): number | undefined {
    const span = now - this.#markedAt;
    const moving = [...this.#tracks].filter(({ marked }) => marked >= 0);
    const live = moving.map(({ bytes, marked }) => (bytes - marked) / span);
    // What was stored was carried for sure; what left may still wait in some buffer.
    const paces = this.#stored.length >= ENOUGH ? this.#stored : live;
    // Lanes that only begin would show what the others carried without them.
    const areSeen = paces === this.#stored || 2 * live.length >= this.#tracks.size;
    if (paces.length < ENOUGH || !areSeen) return undefined;
    return paces.reduce((sum, pace) => sum + pace, 0) / paces.length;
  }

  #mark(now: number): void {
    this.#markedAt = now;
    this.#stored = [];
    for (const track of this.#tracks) {
      // The first bytes only fill buffers.
      const isUnderWay = track.bytes > 0 && now - track.startedAt >= tuning.paceMs / 2;
      track.marked = isUnderWay ? track.bytes : -1;
    }
  }

  /** Every lane is in use: judge the last growth, and grow if that may help. */
  #grow(pace: number, now: number): void {
    const trial = this.#trial;
    if (trial !== undefined) {
      if (now < trial.since + 2 * tuning.paceMs) return;
      this.#trial = undefined;
      if (pace * this.#limit < GAIN * trial.pace * trial.from) {
        this.#limit = trial.from;
        this.#growsAt = now + tuning.growAgainMs;
        return;
      }
    }
    const ms = this.#msOfSix(pace);
    if (now < this.#growsAt || this.#limit >= MOST || ms > tuning.slowMs) return;
    this.#trial = { from: this.#limit, pace, since: now };
    this.#limit = Math.min(MOST, (ms <= MOMENTS_MS ? BOLD : CAREFUL) * this.#limit);
    for (const listener of this.#listeners) listener();
  }

  /** How long six parts take as it is. */
  #msOfSix(pace: number): number {
    const sizes = [...this.#tracks].map(({ size }) => size);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length);
    return (CONNECTIONS * mean) / (pace * this.#limit);
  }
}
