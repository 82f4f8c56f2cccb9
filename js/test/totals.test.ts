/** The sums over the files of one widget. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { Totals } from "../src/engine/totals";
import { Rate } from "../src/net/rate";
import type { FileProgress, FileState, Summary } from "../src/protocol";
import type { Upload } from "../src/upload/upload";
import { type Listed, listed, progress, put } from "./files";

/** Totals over files whose progress a test says. */
class Sums {
  readonly told: (readonly [id: string, state: FileState | undefined])[] = [];
  readonly totals: Totals;
  readonly #rate = new Rate();
  readonly #said = new Map<Upload, FileProgress>();

  constructor() {
    this.totals = new Totals(
      (upload) => this.#said.get(upload) ?? progress("queued"),
      (id, said) => this.told.push([id, said?.state]),
      this.#rate,
    );
  }

  join(path: string, size = 100): Listed {
    const file = listed(path, size);
    file.to("queued");
    this.#said.set(file.upload, progress("queued"));
    this.totals.add(file.upload);
    return file;
  }

  /** The file stands so, and its state may be another. */
  say(file: Listed, state: FileState, said: Partial<FileProgress> = {}): void {
    this.set(file, state, said);
    this.totals.stateChanged(file.upload);
  }

  /** The file stands so, and nobody says that it moved. */
  set(file: Listed, state: FileState, said: Partial<FileProgress> = {}): void {
    file.to(state === "waiting" ? "uploading" : state);
    this.#said.set(file.upload, progress(state, said));
  }

  /** The sums while all files together move so fast. */
  summary(bytesPerSecond = 0): Summary {
    this.#rate.reset();
    this.#rate.sample(0, 0);
    this.#rate.sample(bytesPerSecond, 1000);
    return this.totals.summary();
  }

  get state(): string {
    return this.summary().state;
  }

  get progress(): number {
    return this.summary().progress;
  }
}

suite("the state of a widget", () => {
  test("a widget without files is idle and has nothing to do", () => {
    assert.deepEqual(new Sums().summary(5), {
      state: "idle",
      waiting_for: "",
      progress: 0,
      bytes_done: 0,
      bytes_total: 0,
      rate: 0,
      eta: -1,
      error: "",
    });
  });

  test("it is the first in which any file is, of what happens before what has ended", () => {
    const order: readonly FileState[] = [
      "done",
      "failed",
      "queued",
      "paused",
      "waiting",
      "checking",
      "completing",
      "uploading",
    ];
    const sums = new Sums();
    for (const state of order) {
      sums.say(sums.join(`${state}.bin`), state);
      assert.equal(sums.state, state);
    }
  });

  test("it is settled when every file has ended, well or not", () => {
    const sums = new Sums();
    const [a, b] = [sums.join("a"), sums.join("b")];
    assert.equal(sums.totals.settled, false);

    sums.say(a, "done");
    sums.say(b, "paused");
    assert.equal(sums.totals.settled, false);
    sums.say(b, "failed", { error: "no" });

    assert.equal(sums.totals.settled, true);
  });

  test("it says what the first file says that has something to say", () => {
    const sums = new Sums();
    const files = ["a", "b", "c"].map((path) => sums.join(path));
    const [a, b, c] = files;
    assert(a && b && c);
    sums.say(c, "waiting", { waiting_for: "kernel", error: "third" });
    sums.say(b, "waiting", { waiting_for: "network", error: "second" });

    const { error, waiting_for } = sums.summary();
    assert.deepEqual([error, waiting_for], ["second", "network"]);
    sums.totals.remove(b.upload);
    sums.totals.remove(c.upload);

    const after = sums.summary();
    assert.deepEqual([after.error, after.waiting_for, after.state], ["", "", "queued"]);
  });
});

suite("sums", () => {
  test("bytes are those of all files of the batch", () => {
    const sums = new Sums();
    const a = sums.join("a", 100);
    sums.join("b", 300);

    sums.say(a, "uploading", { bytes_done: 40 });

    const { bytes_done, bytes_total, progress } = sums.summary(10);
    assert.deepEqual([bytes_done, bytes_total, progress], [40, 400, 0.1]);
  });

  test("progress stays below 1 until the last file is done, and is then exactly 1", () => {
    const sums = new Sums();
    const [a, b] = [sums.join("a"), sums.join("b")];
    sums.say(a, "done", { bytes_done: 100 });

    sums.say(b, "completing", { bytes_done: 100 });
    assert.equal(sums.progress, 0.999);
    sums.say(b, "done", { bytes_done: 100 });

    assert.equal(sums.progress, 1);
  });

  test("empty files count as files", () => {
    const sums = new Sums();
    const [a, b] = [sums.join("a", 0), sums.join("b", 0)];

    sums.say(a, "done");
    assert.equal(sums.progress, 0.5);
    sums.say(b, "done");

    assert.equal(sums.progress, 1);
  });

  test("progress never falls while one file's bytes only grow", () => {
    const sums = new Sums();
    const files = Array.from({ length: 20 }, (_, n) => sums.join(`${n}`, 100));
    let highest = 0;

    for (const bytes_done of [10, 50, 100]) {
      for (const file of files) {
        sums.say(file, bytes_done === 100 ? "done" : "uploading", { bytes_done });
        assert.ok(sums.progress >= highest);
        highest = sums.progress;
      }
    }

    assert.equal(highest, 1);
  });

  test("the time left is what is missing at the present rate, where anything moves", () => {
    const sums = new Sums();
    const a = sums.join("a", 100);
    sums.say(a, "uploading", { bytes_done: 40 });

    assert.equal(sums.summary(20).eta, 3);
    assert.equal(sums.summary().eta, -1);
    sums.say(a, "paused", { bytes_done: 40 });

    const { eta, rate } = sums.summary(20);
    assert.deepEqual([eta, rate], [-1, 0]);
  });

  test("a new batch starts at 0, and older files count no more but still show", () => {
    const sums = new Sums();
    const old = sums.join("old", 100);
    sums.say(old, "done", { bytes_done: 100 });
    assert.equal(sums.progress, 1);

    sums.totals.newBatch();
    const next = sums.join("next", 50);
    sums.say(next, "uploading", { bytes_done: 25 });

    const { bytes_total, progress } = sums.summary();
    assert.deepEqual([bytes_total, progress], [50, 0.5]);
    sums.totals.remove(next.upload);
    assert.equal(sums.state, "done");
  });

  test("a file that leaves takes its numbers with it", () => {
    const sums = new Sums();
    const [a, b] = [sums.join("a", 100), sums.join("b", 300)];
    sums.say(a, "failed", { bytes_done: 40, error: "no" });
    sums.say(b, "done", { bytes_done: 300 });
    assert.equal(sums.summary().error, "no");

    sums.totals.remove(a.upload);

    const { bytes_done, bytes_total, error, progress } = sums.summary();
    assert.deepEqual([bytes_done, bytes_total, error, progress], [300, 300, "", 1]);
  });

  test("a file that joins the next batch again is counted once", () => {
    const sums = new Sums();
    const a = sums.join("a", 100);
    sums.totals.add(a.upload);

    assert.equal(sums.summary().bytes_total, 100);
    sums.totals.remove(a.upload);

    assert.deepEqual([sums.summary().bytes_total, sums.state], [0, "idle"]);
  });
});

suite("telling", () => {
  test("a file is told when it changes, and not when somebody looks", () => {
    const sums = new Sums();
    const a = sums.join("a");
    sums.say(a, "uploading", { bytes_done: 1 });
    sums.summary();
    sums.summary();

    const { id } = a.upload;
    assert.deepEqual(sums.told, [
      [id, "queued"],
      [id, "uploading"],
    ]);
  });

  test("a file that is under way is looked at each time, one that rests only when it moves", () => {
    const sums = new Sums();
    const [a, b] = [sums.join("a"), sums.join("b")];
    sums.say(a, "uploading", { bytes_done: 1 });
    sums.say(b, "paused", { bytes_done: 1 });
    assert.equal(sums.summary().bytes_done, 2);

    sums.set(a, "uploading", { bytes_done: 5 });
    sums.set(b, "paused", { bytes_done: 5 });
    assert.equal(sums.summary().bytes_done, 6);
    sums.totals.stateChanged(b.upload);

    assert.equal(sums.summary().bytes_done, 10);
  });

  test("a file that rests while one of its parts is still on the wire is looked at", () => {
    const sums = new Sums();
    const a = sums.join("a");
    put(a.parts, 1);
    sums.say(a, "paused", { bytes_done: 1 });
    sums.summary();

    sums.set(a, "paused", { bytes_done: 7 });
    assert.equal(sums.summary().bytes_done, 7);
    a.parts.store(1);
    sums.set(a, "paused", { bytes_done: 10 });
    assert.equal(sums.summary().bytes_done, 10);
    sums.set(a, "paused", { bytes_done: 20 });

    assert.equal(sums.summary().bytes_done, 10);
  });

  test("a file that left is told as gone, once", () => {
    const sums = new Sums();
    const a = sums.join("a");

    sums.totals.remove(a.upload);
    sums.totals.remove(a.upload);
    sums.totals.stateChanged(a.upload);
    sums.summary();

    assert.deepEqual(sums.told.slice(1), [[a.upload.id, undefined]]);
  });

  test("all files are told again where somebody new listens", () => {
    const sums = new Sums();
    const [a, b] = [sums.join("a"), sums.join("b")];
    sums.told.length = 0;

    sums.totals.reportAll();

    assert.deepEqual(sums.told, [
      [a.upload.id, "queued"],
      [b.upload.id, "queued"],
    ]);
  });
});
