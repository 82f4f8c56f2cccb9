/** The files of a widget in their order, and which of them have something to do. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { FileIndex } from "../src/engine/file-index";
import { type Listed, listed } from "./files";

function added(index: FileIndex, ...paths: string[]): Listed[] {
  const files = paths.map((path) => listed(path));
  index.add(files.map(({ upload }) => upload));
  return files;
}

function move(index: FileIndex, name: Parameters<Listed["to"]>[0], ...files: Listed[]): void {
  for (const file of files) {
    file.to(name);
    index.stateChanged(file.upload);
  }
}

const paths = (uploads: Iterable<{ path: string }>): string[] =>
  [...uploads].map(({ path }) => path);

function drained(index: FileIndex): string[] {
  const found: string[] = [];
  for (let next = index.nextQueued(); next !== undefined; next = index.nextQueued()) {
    found.push(next.path);
  }
  return found;
}

suite("the file index", () => {
  test("files stand in the order in which they were added", () => {
    const index = new FileIndex();
    added(index, "b", "a");
    added(index, "c");

    assert.deepEqual(paths(index.all), ["b", "a", "c"]);
  });

  test("queued files start in the order of the list, however late they are queued", () => {
    const index = new FileIndex();
    const files = added(index, "a", "b", "c", "d");

    for (const place of [2, 0, 3, 1]) move(index, "queued", ...files.slice(place, place + 1));

    assert.deepEqual(drained(index), ["a", "b", "c", "d"]);
  });

  test("a file that is not queued any more, or was removed, is skipped", () => {
    const index = new FileIndex();
    const files = added(index, "a", "b", "c");
    move(index, "queued", ...files);
    move(index, "paused", ...files.slice(0, 1));
    for (const { upload } of files.slice(1, 2)) index.remove(upload);

    assert.deepEqual(drained(index), ["c"]);
  });

  test("a file that was queued twice starts once", () => {
    const index = new FileIndex();
    const files = added(index, "a");
    move(index, "queued", ...files);
    move(index, "paused", ...files);
    move(index, "queued", ...files);

    const first = index.nextQueued();
    assert.equal(first?.path, "a");
    move(index, "checking", ...files);

    assert.equal(index.nextQueued(), undefined);
  });

  test("files that are compared, checked or sent are active, in the order of the list", () => {
    const index = new FileIndex();
    const [a, b, c, d] = added(index, "a", "b", "c", "d");
    assert(a && b && c && d);
    move(index, "uploading", c);
    move(index, "comparing", b);
    move(index, "checking", a);
    move(index, "queued", d);

    assert.deepEqual(paths(index.active), ["a", "b", "c"]);
    move(index, "completing", c);
    assert.deepEqual(paths(index.active), ["a", "b"]);
  });

  test("a list that was handed out does not change under its reader", () => {
    const index = new FileIndex();
    const [a, b] = added(index, "a", "b");
    assert(a && b);
    move(index, "uploading", a, b);
    const { active, all } = index;

    index.remove(a.upload);

    assert.deepEqual(
      [paths(active), paths(all)],
      [
        ["a", "b"],
        ["a", "b"],
      ],
    );
    assert.deepEqual([paths(index.active), paths(index.all)], [["b"], ["b"]]);
  });

  test("it knows whether any file is in a state, and forgets those that left", () => {
    const index = new FileIndex();
    const [a, b] = added(index, "a", "b");
    assert(a && b);

    assert.equal(index.count(["picked"]) > 0, true);
    move(index, "uploading", a, b);
    assert.equal(index.count(["picked"]) > 0, false);
    index.remove(a.upload);
    assert.equal(index.count(["done", "uploading"]) > 0, true);
    index.remove(b.upload);
    assert.equal(index.count(["uploading"]) > 0, false);
  });

  test("a file that was removed and still moves is not in the list again", () => {
    const index = new FileIndex();
    const [a] = added(index, "a");
    assert(a);
    index.remove(a.upload);

    move(index, "queued", a);
    move(index, "uploading", a);

    assert.deepEqual([index.all, index.active, index.nextQueued()], [[], [], undefined]);
    assert.equal(index.count(["queued", "uploading"]) > 0, false);
  });

  test("files of one path are found by it until they leave", () => {
    const index = new FileIndex();
    const [first, second] = added(index, "raw/a.bin", "raw/a.bin", "a.bin");
    assert(first && second);

    assert.deepEqual([...index.at("raw/a.bin")], [first.upload, second.upload]);
    index.remove(first.upload);
    assert.deepEqual([...index.at("raw/a.bin")], [second.upload]);
    index.remove(second.upload);
    assert.deepEqual([...index.at("raw/a.bin")], []);
    assert.deepEqual([...index.at("nowhere")], []);
  });

  test("thirty thousand files are queued and started in a moment of the processor's time", () => {
    const index = new FileIndex();
    const files = added(index, ...Array.from({ length: 30_000 }, (_, n) => `${n}.bin`));
    const start = process.cpuUsage();

    move(index, "queued", ...files);
    const order = drained(index);

    // A tenth of that; where each file is looked for among all, two to twenty times as much.
    assert.ok(process.cpuUsage(start).user < 2_000_000);
    assert.deepEqual(order, paths(index.all));
  });
});
