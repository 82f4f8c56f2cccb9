/** How many parts a store gets at once, over all of its names. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Line, type Track } from "../src/net/line";
import { MiB } from "./files";

const SECOND = 1000;
const PART = 16 * MiB;
/** When sending begins, milliseconds since 1970. */
const BEGIN = 1_000_000;

/** Parts that are sent over a line, each lane at the pace that `paceOf` gives for so many lanes then. */
class Sending {
  readonly line = new Line();
  readonly #paceOf: (lanes: number, ms: number) => number;
  readonly #most: number;
  readonly #part: number;
  readonly #buffer: number;
  #tracks: Track[] = [];
  #now = BEGIN;
  gaveWay = 0;
  /** Bytes of what gave way. */
  wasted = 0;

  /** @param buffer takes so many bytes of each part at once. */
  constructor(paceOf: (lanes: number, ms: number) => number, most = 64, part = PART, buffer = 0) {
    this.#paceOf = paceOf;
    this.#most = most;
    this.#part = part;
    this.#buffer = buffer;
  }

  get lanes(): number {
    return this.#tracks.length;
  }

  /** Send for so long, every lane filled at once again. */
  run(ms: number): void {
    for (const end = this.#now + ms; this.#now < end; this.#now += 50) {
      while (this.lanes < Math.min(this.#most, this.line.limit)) {
        this.#tracks.push(this.#start());
      }
      for (const track of [...this.#tracks]) if (this.#tracks.includes(track)) this.#move(track);
    }
  }

  #start(): Track {
    const track = this.line.start(this.#part, this.#now);
    track.onGiveWay = () => {
      this.gaveWay += 1;
      this.wasted += track.bytes;
      this.#end(track, false);
    };
    return track;
  }

  #end(track: Track, stored: boolean): void {
    track.end(stored, this.#now);
    this.#tracks = this.#tracks.filter((each) => each !== track);
  }

  #move(track: Track): void {
    const left = 50 * this.#paceOf(this.lanes, this.#now - BEGIN);
    const bytes = track.bytes === 0 ? left + this.#buffer : track.bytes + left;
    track.moved(Math.min(this.#part, bytes), this.#now);
    if (bytes < this.#part) return;
    track.left(this.#now);
    this.#end(track, true);
  }
}

/** Each lane has a limit of its own, in bytes a millisecond. */
const far = (): number => 8000;

/** All lanes together have one. */
const shared = (lanes: number): number => 12_000 / lanes;

suite("a line", () => {
  test("gets more lanes while each of them carries as much as before", () => {
    const sending = new Sending(far);
    assert.equal(sending.line.limit, 6);

    sending.run(4 * SECOND);

    assert.deepEqual([sending.line.limit, sending.lanes], [64, 64]);
  });

  test("gets four times the lanes within a moment where six parts take moments", () => {
    const sending = new Sending(far);

    sending.run(0.7 * SECOND);

    assert.equal(sending.line.limit, 24);
  });

  test("gets twice the lanes where six parts take long: all of them may be lost", () => {
    const sending = new Sending(() => 800);

    sending.run(SECOND);

    assert.equal(sending.line.limit, 12);
  });

  test("waits with its verdict on more lanes until most of them carry something", () => {
    const line = new Line();
    let now = 1_000_000;
    const lanes = Array.from({ length: 6 }, () => line.start(PART, now));
    const move = (tracks: readonly Track[], ms: number, pace: number): void => {
      for (const end = now + ms; now < end; now += 50) {
        for (const track of tracks) track.moved(track.bytes + 50 * pace, now);
      }
    };
    move(lanes, SECOND, 2000);
    assert.equal(line.limit, 24);
    const others = Array.from({ length: 18 }, () => line.start(PART, now));

    move(lanes, 2 * SECOND, 2000);
    assert.equal(line.limit, 24);
    move([...lanes, ...others], 2 * SECOND, 500);

    assert.equal(line.limit, 6);
  });

  test("gets no more lanes than before where those would only share what there is", () => {
    const sending = new Sending(shared);

    sending.run(25 * SECOND);

    assert.equal(sending.line.limit, 6);
  });

  test("that carries no more beyond a number of lanes gets hardly more of them", () => {
    const sending = new Sending((lanes) => Math.min(8000, 100_000 / lanes));

    sending.run(8 * SECOND);

    assert.ok([12, 24].includes(sending.line.limit), `${sending.line.limit}`);
  });

  test("gets more lanes for parts that are stored within moments, too", () => {
    const sending = new Sending(far, 64, MiB);

    sending.run(4 * SECOND);

    assert.equal(sending.line.limit, 64);
  });

  test("waits with its verdict on more lanes until they are all in use", () => {
    const sending = new Sending(far, 8);

    sending.run(10 * SECOND);

    assert.equal(sending.line.limit, 24);
  });

  test("gets fewer lanes where the store cannot keep up, and no more for a while", () => {
    const sending = new Sending(far);
    sending.run(4 * SECOND);

    sending.line.back();
    assert.equal(sending.line.limit, 32);
    for (let times = 0; times < 5; times += 1) sending.line.back();

    assert.equal(sending.line.limit, 6);
  });

  test("is not taken for slow by the last of many parts, whichever began first", () => {
    for (const [begin, end, ms] of [
      [0, 2, 21 * SECOND],
      [10, 12, 21 * SECOND],
      [0, 1, 130 * SECOND],
    ] as const) {
      const line = new Line();
      const tracks = Array.from({ length: 12 }, () => line.start(PART, BEGIN));
      const last = tracks.slice(begin, end);

      for (const track of tracks) if (!last.includes(track)) track.end(true, BEGIN + 20 * SECOND);
      last[0]?.left(BEGIN + ms);

      assert.equal(line.limit, 6);
    }
  });

  test("so slow that six parts take more than a minute gets no more lanes", () => {
    const sending = new Sending(() => 200);

    sending.run(20 * SECOND);

    assert.ok(sending.line.limit <= 6);
  });
});

suite("a line that is seen to be slow early", () => {
  test("keeps the part that is ahead, and the others give way", () => {
    const sending = new Sending((lanes) => 1200 / lanes);

    sending.run(6 * SECOND);

    assert.deepEqual([sending.line.limit, sending.lanes, sending.gaveWay], [1, 1, 5]);
    assert.ok(sending.wasted <= PART / 2, `${sending.wasted}`);
  });

  test("is not judged by what fills buffers, nor a fast one by a slow start", () => {
    const sending = new Sending((lanes) => 1200 / lanes, 64, PART, 2 * MiB);
    sending.run(6 * SECOND);
    assert.deepEqual([sending.line.limit, sending.gaveWay], [1, 5]);

    const fast = new Sending((lanes, ms) => (ms < 2 * SECOND ? 100 : 12_000 / lanes));
    fast.run(20 * SECOND);
    assert.deepEqual([fast.line.limit, fast.gaveWay], [6, 0]);
  });

  test("is not judged where no bytes show, as behind a service worker", () => {
    const line = new Line();
    const tracks = Array.from({ length: 6 }, () => line.start(PART, BEGIN));
    let gaveWay = 0;
    for (const track of tracks) track.onGiveWay = () => (gaveWay += 1);

    tracks[0]?.end(true, BEGIN + 6 * SECOND);

    assert.deepEqual([line.limit, gaveWay], [6, 0]);
  });

  test("loses no more than one part by that", () => {
    const sending = new Sending((lanes, ms) => (ms < 6 * SECOND ? 12_000 : 600) / lanes);

    sending.run(60 * SECOND);

    assert.ok(sending.wasted <= PART, `${sending.wasted}`);
    assert.equal(sending.line.limit, 1);
  });
});

/** So many parts start together; the last of them leaves after so long, beside so many still. */
function passed(line: Line, ms: number, lanes: number, beside = lanes): void {
  const tracks = Array.from({ length: lanes }, () => line.start(PART, 0));
  for (const track of tracks.slice(0, lanes - beside)) track.end(true, ms);
  tracks.at(-1)?.left(ms);
  for (const track of tracks) track.end(true, ms);
}

suite("a slow line", () => {
  test("is none if it carries six parts within a minute", () => {
    const line = new Line();

    passed(line, 59 * SECOND, 6);

    assert.equal(line.limit, 6);
  });

  test("gets one part at a time, as they go one after the other anyway", () => {
    const line = new Line();

    passed(line, 168 * SECOND, 6);
    assert.equal(line.limit, 1);
    passed(line, 150 * SECOND, 6, 1); // it began beside others, and says nothing of one alone
    passed(line, 28 * SECOND, 1);

    assert.equal(line.limit, 1);
  });

  test("gets one part at a time also where a busy page makes some of them slow", () => {
    const line = new Line();
    passed(line, 168 * SECOND, 6);

    for (const seconds of [70, 60, 28, 70]) passed(line, seconds * SECOND, 1);

    assert.equal(line.limit, 1);
  });

  test("gets all lanes again once it is faster", () => {
    const line = new Line();
    passed(line, 168 * SECOND, 6);

    passed(line, 5 * SECOND, 1);

    assert.equal(line.limit, 6);
  });

  test("gets all lanes for good where each has a limit of its own", () => {
    const line = new Line();
    passed(line, 70 * SECOND, 6);

    for (let parts = 0; parts < 3; parts += 1) passed(line, 70 * SECOND, 1);
    passed(line, 70 * SECOND, 6);

    assert.equal(line.limit, 6);
  });
});
