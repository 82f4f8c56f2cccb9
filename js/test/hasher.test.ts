/** When a worker answers, and what it holds in memory meanwhile. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import * as Comlink from "comlink";
import { PartHasher, WholeHasher } from "../src/hashing/hasher.worker";
import { MiB } from "./files";

/** Notes what is read of it, as Blobs do not say that. */
class Watched extends Blob {
  isRead = false;

  override arrayBuffer(): Promise<ArrayBuffer> {
    this.isRead = true;
    return super.arrayBuffer();
  }
}

/** Notes where in the file each slice begins that is taken of it. */
function noting(blob: Blob, base: number, reads: string[]): Blob {
  const { slice } = blob;
  blob.slice = (start = 0, end) => {
    if (start < blob.size) reads.push(`${(base + start) / MiB} MiB`);
    return slice.call(blob, start, end);
  };
  return blob;
}

/** Takes bytes for whole files once it is told to. */
class SlowDigest {
  readonly offsets: number[] = [];
  release: () => void = () => {};

  update(_: string, offset: number): Promise<void> {
    this.offsets.push(offset);
    return new Promise((release) => {
      this.release = release;
    });
  }
}

suite("a part's hasher", () => {
  test("answers before the whole file's digest has the bytes; the next read waits", async () => {
    const digest = new SlowDigest();
    const { port1, port2 } = new MessageChannel();
    Comlink.expose(digest, port1);
    const hasher = new PartHasher();
    hasher.connect(port2);
    const [first, second] = [new Watched(["one"]), new Watched(["two"])];

    await hasher.hash({ slice: first, size: 3, md5: false, file: "a.bin", offset: 0 });
    const hashing = hasher.hash({ slice: second, size: 3, md5: false, file: "a.bin", offset: 3 });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(second.isRead, false);
    while (digest.offsets.length === 0) await new Promise((resolve) => setImmediate(resolve));
    digest.release();
    await hashing;

    assert.equal(second.isRead, true);
    port1.close();
  });
});

suite("a whole file's hasher", () => {
  const bytes = new Uint8Array(37 * MiB + 5).map((_, at) => (at * at) >>> 7);
  const file = new Blob([bytes]);
  const expected = createHash("sha256").update(bytes).digest("hex");
  const part = (offset: number, size: number) => bytes.slice(offset, offset + size).buffer;

  test("reads what no part brings", async () => {
    assert.equal(await new WholeHasher().digest("a.bin", file), expected);
  });

  for (const size of [3 * MiB, 5 * MiB + 1, 8 * MiB, 16 * MiB]) {
    test(`takes parts of ${size} bytes while it reads, in whatever order`, async () => {
      const hasher = new WholeHasher();
      const offsets = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => n * size);
      const [first = 0, second = 0, ...others] = offsets;
      await hasher.update("a.bin", first, part(first, size));
      const digest = hasher.digest("a.bin", file);
      const taken = [...others.reverse(), second].map((at) =>
        hasher.update("a.bin", at, part(at, size)),
      );

      assert.equal(await digest, expected);
      await Promise.all(taken);
      assert.equal(await hasher.digest("a.bin", file), expected);
    });
  }

  test("reads slices in their turn, and nothing twice", async () => {
    const hasher = new WholeHasher();
    const reads: string[] = [];
    const slice = (start: number, end: number): Blob =>
      noting(file.slice(start, end), start, reads);
    const filled = [
      hasher.fill("a.bin", 30 * MiB, slice(30 * MiB, 37 * MiB)),
      hasher.fill("a.bin", 3 * MiB, slice(3 * MiB, 14 * MiB)),
    ];
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(reads, []);
    await hasher.update("a.bin", 0, part(0, 3 * MiB));
    const digest = hasher.digest("a.bin", noting(file, 0, reads));
    await Promise.all([...filled, hasher.update("a.bin", 14 * MiB, part(14 * MiB, 16 * MiB))]);

    assert.equal(await digest, expected);
    // Each begins where the one before it ended, but for what a part brought meanwhile.
    assert.deepEqual(reads.slice(0, 2), ["3 MiB", "11 MiB"]);
    assert.deepEqual([...new Set(reads)], reads);
  });

  test("gives its bytes back, wanted or not", async () => {
    const hasher = new WholeHasher();
    const [taken, unwanted] = [part(0, MiB), part(MiB, MiB)];
    await hasher.update("a.bin", 0, taken);
    await hasher.forget("a.bin");
    await hasher.update("a.bin", MiB, unwanted);

    assert.deepEqual([taken.byteLength, unwanted.byteLength], [0, 0]);
  });
});
