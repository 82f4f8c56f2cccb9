/** When the whole file's digest takes its bytes from the parts, and when it reads them itself. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { PartToHash } from "../src/hashing/hasher.worker";
import type { Hashers } from "../src/hashing/workers";
import { FileChangedError } from "../src/reading";
import { FileChecksums } from "../src/upload/checksums";
import { cut } from "./files";

/** Notes what it is asked for, in order. */
class Recorder implements Hashers {
  readonly lanes = 2;
  readonly asked: string[] = [];
  fails = false;
  unreadable = false;

  expect() {}

  async hash(_: number, { offset, slice, md5, file }: PartToHash) {
    this.asked.push(`${file === "" ? "hash" : "feed"} ${offset}`);
    if (this.unreadable) throw new FileChangedError("a.bin");
    return { sha256: `sha256 of ${slice.size} at ${offset}`, md5: md5 ? "md5" : "" };
  }

  async fill(_: string, offset: number, slice: Blob) {
    this.asked.push(`fill ${offset} to ${offset + slice.size}`);
    if (this.fails) throw new Error("the digest is not wanted any more");
  }

  async digest() {
    this.asked.push("digest");
    if (this.fails) throw new Error("the digest is not wanted any more");
    return "the digest";
  }

  async forget() {
    this.asked.push("forget");
  }

  dispose() {}
}

const SIZE = 50;

function ofFile(hashers: Hashers) {
  const parts = cut(SIZE, 10);
  const checksums = new FileChecksums(new File([new Uint8Array(SIZE)], "a.bin"), hashers);
  const planned = { plan: { md5: false, hash_file: true }, parts };
  return {
    checksums,
    parts,
    planned,
    hash: (number: number) => checksums.part(0, planned, number),
  };
}

suite("the whole file's digest", () => {
  test("takes the bytes of parts that come in order, and is asked for at the end", async () => {
    const hashers = new Recorder();
    const { checksums, parts, hash } = ofFile(hashers);

    for (let number = 1; number <= parts.total; number += 1) await hash(number);

    assert.deepEqual(hashers.asked, ["feed 0", "feed 10", "feed 20", "feed 30", "feed 40"]);
    assert.equal(await checksums.whole(parts), "the digest");
  });

  test("of a file that is resumed reads itself what was hashed before its turn", async () => {
    const hashers = new Recorder();
    const { checksums, parts, hash } = ofFile(hashers);

    // S3 has the first three: some tell whose they are, the others follow beside the sending.
    for (const number of [1, 3, 4, 2, 5]) await hash(number);
    const before = [...hashers.asked];
    const digest = await checksums.whole(parts);

    assert.deepEqual(before, [
      "feed 0",
      "hash 20",
      "hash 30",
      "fill 20 to 40",
      "feed 10",
      "feed 40",
    ]);
    assert.deepEqual(hashers.asked, [...before, "digest"]);
    assert.equal(digest, "the digest");
  });

  test("reads a part that was hashed before its turn as soon as it gets there", async () => {
    const hashers = new Recorder();
    const { hash } = ofFile(hashers);

    for (const number of [2, 1, 3, 2]) await hash(number);

    assert.deepEqual(hashers.asked, ["hash 10", "fill 10 to 20", "feed 0", "feed 20", "hash 10"]);
  });

  test("reads what is left of a part that is cut otherwise than those before", async () => {
    const hashers = new Recorder();
    const { checksums, hash, planned } = ofFile(hashers);

    await hash(1);
    for (const number of [1, 2, 3])
      await checksums.part(0, { ...planned, parts: cut(SIZE, 15) }, number);

    assert.deepEqual(hashers.asked, ["feed 0", "fill 10 to 15", "hash 0", "feed 15", "feed 30"]);
  });

  test("that failed beside the parts is made at the end", async () => {
    const hashers = new Recorder();
    const { checksums, parts, hash } = ofFile(hashers);
    hashers.fails = true;
    for (const number of [2, 1, 3]) await hash(number);

    await assert.rejects(checksums.whole(parts));
    hashers.fails = false;

    assert.deepEqual(hashers.asked.slice(0, 4), ["hash 10", "fill 10 to 20", "feed 0", "forget"]);
    assert.equal(await checksums.whole(parts), "the digest");
  });

  test("that nobody wants is not made", async () => {
    const hashers = new Recorder();
    const { checksums, parts } = ofFile(hashers);

    await checksums.part(0, { plan: { md5: false, hash_file: false }, parts }, 2);

    assert.deepEqual(hashers.asked, ["hash 10"]);
  });
});

suite("the first parts", () => {
  test("hashed ahead are not hashed again when they are asked for, nor fed twice", async () => {
    const hashers = new Recorder();
    const { checksums, hash, planned } = ofFile(hashers);

    checksums.hashAhead(planned);
    checksums.hashAhead(planned);
    const hashed = [await hash(1), await hash(2), await hash(3)].map(({ sha256 }) => sha256);

    assert.deepEqual(hashers.asked, ["feed 0", "feed 10", "feed 20"]);
    assert.deepEqual(
      hashed,
      [0, 10, 20].map((offset) => `sha256 of 10 at ${offset}`),
    );
  });

  test("are hashed once more when they are asked for a second time", async () => {
    const hashers = new Recorder();
    const { checksums, hash, planned } = ofFile(hashers);

    checksums.hashAhead(planned);
    for (const number of [1, 1]) await hash(number);

    assert.deepEqual(hashers.asked, ["feed 0", "feed 10", "hash 0"]);
  });

  test("hashed ahead are of no use for an upload that is cut otherwise", async () => {
    const hashers = new Recorder();
    const { checksums, planned } = ofFile(hashers);

    checksums.hashAhead(planned);
    const others = { ...planned, parts: cut(SIZE, 20) };
    const { sha256 } = await checksums.part(0, others, 1);

    assert.equal(sha256, "sha256 of 20 at 0");
    await checksums.part(0, others, 2);
    assert.deepEqual(hashers.asked, ["feed 0", "feed 10", "hash 0", "feed 20"]);
  });

  test("hashed ahead without their MD5 are of no use where S3 knows nothing else", async () => {
    const hashers = new Recorder();
    const { checksums, hash, parts, planned } = ofFile(hashers);

    checksums.hashAhead(planned);
    parts.offer([{ part_number: 1, size: 10, sha256: "", md5: "md5" }]);
    const { md5 } = await hash(1);

    assert.equal(md5, "md5");
  });

  test("that cannot be read ahead fail once somebody asks for them", async () => {
    const hashers = new Recorder();
    const { checksums, hash, planned } = ofFile(hashers);
    hashers.unreadable = true;

    checksums.hashAhead(planned);

    await assert.rejects(hash(1), FileChangedError);
  });
});
