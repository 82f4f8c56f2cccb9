/**
 * How one store does, as far as this page's own requests show: whether anything moves and is
 * answered, how many parts it gets at once, and when one is given up. Knows no file.
 */

import { tuning } from "../tuning";
import type { Lanes } from "./lanes";
import { CONNECTIONS } from "./line";

/** Whether a short request, with or without credentials, is answered. */
export type Reaches = (credentials: "include" | "omit") => Promise<boolean>;

/**
 * `quiet`: nothing moves, and a short request gets no answer either. `losing`: short requests are
 * answered, but parts are not.
 */
export type Condition = "well" | "quiet" | "losing";

/** Why a request is given up: it alone stands still, or nothing at all is answered. */
export type Reason = "stalled" | "quiet";

/**
 * The last byte is out, and the store checks, or a proxy sends on what it has swallowed: that may
 * take so much longer. To give up too early throws away what is on its way behind the proxy.
 */
const ANSWER_STALLS = 10;

/** Patience doubles with each try of a part, so often at most. */
const MOST_DOUBLINGS = 3;

/** A request on the wire, with the clock that gives it up. */
export class Flight {
  readonly #health: Health;
  readonly #patience: number;
  readonly #giveUp: (reason: Reason) => void;
  #hasMoved = false;
  #hasLeft = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(health: Health, tries: number, giveUp: (reason: Reason) => void) {
    this.#health = health;
    this.#patience = ANSWER_STALLS * 2 ** Math.min(tries, MOST_DOUBLINGS);
    this.#giveUp = giveUp;
  }

  get hasMoved(): boolean {
    return this.#hasMoved;
  }

  /** Some bytes left. */
  moved(): void {
    this.#hasMoved = true;
    this.#health.moved(this);
    this.#restart();
  }

  /** The last byte left. */
  left(): void {
    this.#hasLeft = true;
    this.#health.listen();
    this.#restart();
  }

  /** It is the oldest now: what moves already, or waits for its answer, keeps the time it has. */
  begin(): void {
    if (this.#timer === undefined) this.#restart();
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#health.ended(this);
  }

  giveUp(reason: Reason): void {
    this.#giveUp(reason);
  }

  #restart(): void {
    clearTimeout(this.#timer);
    // Behind a service worker no progress shows: then the last byte may be out at any time.
    const waits = this.#hasLeft || !this.#health.showsProgress;
    const ms = tuning.stallMs * (waits ? this.#patience : 1);
    this.#timer = setTimeout(() => this.#giveUp("stalled"), ms);
  }
}

export class Health {
  readonly lanes: Lanes;
  readonly #reaches: Reaches;
  readonly #changed: () => void;
  #condition: Condition = "well";
  /** Requests in a row that got no answer. */
  #losses = 0;
  /** On the wire, oldest first: only the oldest may count as stalled before it moves. */
  #flights: readonly Flight[] = [];
  #showsProgress = false;
  /** When something moved last; milliseconds since 1970. */
  #movedAt = 0;
  #isAsking = false;
  /** Something refuses short requests and lets parts pass: they say nothing. */
  #asksInVain = false;
  /** Whether anybody sends. */
  #isWatched = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param changed is called when the condition is another one. */
  constructor(reaches: Reaches, changed: () => void, lanes: Lanes) {
    this.lanes = lanes;
    this.#reaches = reaches;
    this.#changed = changed;
  }

  get condition(): Condition {
    return this.#condition;
  }

  /** Whether any request to this store has shown progress. */
  get showsProgress(): boolean {
    return this.#showsProgress;
  }

  /**
   * A request starts.
   *
   * @param tries how often the same part was sent before: each time it gets more patience.
   * @param giveUp is called at most once before its end.
   */
  start(tries: number, giveUp: (reason: Reason) => void): Flight {
    const flight = new Flight(this, tries, giveUp);
    this.#flights = [...this.#flights, flight];
    this.#flights[0]?.begin();
    if (this.#flights.length === 1) this.listen();
    return flight;
  }

  moved(flight: Flight): void {
    this.#showsProgress = true;
    if (this.#flights.indexOf(flight) >= CONNECTIONS) this.lanes.shared();
    this.listen();
  }

  ended(flight: Flight): void {
    const [seventh] = this.#flights.slice(CONNECTIONS);
    if (seventh !== undefined && seventh !== flight && !seventh.hasMoved) this.lanes.waited();
    this.#flights = this.#flights.filter((each) => each !== flight);
    this.#flights[0]?.begin();
    // That it was given up is no sign of life: as long as others wait, the silence goes on.
    if (this.#flights.length === 0 && this.#condition !== "quiet") clearTimeout(this.#timer);
  }

  /** The store answered a part. */
  answered(): void {
    if (this.#condition === "quiet") void this.#doubtAsking();
    this.trust();
  }

  /** It has a part whose answer was lost, or the user says that it will answer. */
  trust(): void {
    this.#losses = 0;
    this.#to("well");
    this.listen();
  }

  /** A part got no answer. */
  lost(): void {
    this.#losses += 1;
    if (this.#losses >= tuning.losses) void this.ask();
  }

  /** Somebody sends from now on. */
  watch(): void {
    this.#isWatched = true;
  }

  /** Nobody sends any more: the next one finds out again. */
  rest(): void {
    this.#isWatched = false;
    clearTimeout(this.#timer);
    this.#losses = 0;
    this.#condition = "well";
  }

  /** Something moved just now: ask after a while without. */
  listen(): void {
    if (this.#condition === "quiet") return;
    this.#movedAt = Date.now();
    clearTimeout(this.#timer);
    if (this.#flights.length === 0) return;
    this.#timer = setTimeout(() => void this.ask(), tuning.silenceMs);
  }

  /** See by a short request whether the store answers at all. */
  async ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const askedAt = Date.now();
    // Connections without credentials are others: Chromium has an HTTP/2 connection that is dead
    // prove itself only when it is used, which takes ten seconds that nobody has to wait for later.
    if (this.#condition === "well") void this.#reaches("omit");
    const isThere = await this.#reaches("include");
    this.#isAsking = false;
    if (!this.#isWatched) return;
    if (isThere || this.#asksInVain) this.#heard();
    else if (this.#movedAt <= askedAt) this.#fallQuiet();
  }

  async #doubtAsking(): Promise<void> {
    this.#asksInVain = !(await this.#reaches("include"));
  }

  #heard(): void {
    if (this.#condition === "quiet") this.trust();
    else if (this.#losses >= tuning.losses) this.#to("losing");
    else this.listen();
  }

  #fallQuiet(): void {
    // A part that is sent later, to see whether it gets through, is given its time.
    const lost = this.#condition === "quiet" ? [] : this.#flights;
    this.#to("quiet");
    for (const flight of lost) flight.giveUp("quiet");
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.ask(), tuning.outageProbeMs);
  }

  #to(condition: Condition): void {
    if (this.#condition === condition) return;
    this.#condition = condition;
    this.#changed();
  }
}
