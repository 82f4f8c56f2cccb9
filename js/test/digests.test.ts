/** Our WebAssembly's digests are those of Node's own library, however the bytes come. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { suite, test } from "node:test";
import { type Digest, instantiate, padding } from "../src/hashing/digests";
import { MiB } from "./files";

/** Around a block, its padding, the four blocks of a schedule, the input's length, and more. */
const SIZES = [
  0,
  1,
  55,
  56,
  57,
  63,
  64,
  65,
  119,
  120,
  127,
  128,
  191,
  192,
  193,
  255,
  256,
  257,
  320,
  65_535,
  65_536,
  65_537,
  131_072,
  MiB - 1,
  MiB,
  MiB + 1,
];
const CUTS = [1, 3, 63, 64, 65, 1000, 65_535, 65_536, 65_537, 700_001];

const random = new Uint8Array(2 * MiB);
for (let at = 0, x = 1; at < random.length; at += 1) {
  x = (Math.imul(x, 1_664_525) + 1_013_904_223) >>> 0;
  random[at] = x >>> 24;
}

function expected(algorithm: string, bytes: Uint8Array): string {
  return createHash(algorithm).update(bytes).digest("hex");
}

function hex(digest: Digest): string {
  return Buffer.from(digest.end()).toString("hex");
}

function inPieces(digest: Digest, bytes: Uint8Array, length: number): Digest {
  for (let at = 0; at < bytes.length; at += length) digest.update(bytes.subarray(at, at + length));
  return digest;
}

for (const isSimd of [true, false]) {
  for (const algorithm of ["sha256", "md5"] as const) {
    suite(`${algorithm} ${isSimd ? "with" : "without"} SIMD`, () => {
      test("of files of many sizes", async () => {
        const ours = await instantiate(isSimd);
        for (const size of SIZES) {
          const bytes = random.subarray(5, 5 + size);
          const digest = inPieces(ours[algorithm](), bytes, size || 1);
          assert.equal(hex(digest), expected(algorithm, bytes), `${size} bytes`);
        }
      });

      test("of bytes that come in pieces", async () => {
        const ours = await instantiate(isSimd);
        for (const cut of CUTS) {
          const bytes = random.subarray(0, cut < 60 ? 5000 : MiB + 777);
          const digest = inPieces(ours[algorithm](), bytes, cut);
          assert.equal(hex(digest), expected(algorithm, bytes), `in pieces of ${cut}`);
        }
      });

      test("of several files in turn", async () => {
        const ours = await instantiate(isSimd);
        const [one, other] = [ours[algorithm](), ours[algorithm]()];
        for (let at = 0; at < 10_000; at += 100) {
          one.update(random.subarray(at, at + 100));
          other.update(random.subarray(at, at + 99));
        }
        const others = Buffer.concat(
          Array.from({ length: 100 }, (_, n) => random.subarray(100 * n, 100 * n + 99)),
        );
        assert.equal(hex(one), expected(algorithm, random.subarray(0, 10_000)));
        assert.equal(hex(other), expected(algorithm, others));
      });
    });
  }
}

test("more bits than 32 bits count are counted", async () => {
  const ours = await instantiate(true);
  const [digest, theirs] = [ours.sha256(), createHash("sha256")];
  for (let mebibytes = 0; mebibytes < 514; mebibytes += 2) {
    digest.update(random);
    theirs.update(random);
  }
  assert.equal(hex(digest), theirs.digest("hex"));
});

test("more bytes than 32 bits count are counted", () => {
  const length = 5 * 2 ** 32 + 3;
  for (const isLittleEndian of [true, false]) {
    const padded = Buffer.from(padding(length, isLittleEndian));
    assert.equal((length + padded.length) % 64, 0);
    const bits = isLittleEndian
      ? padded.readBigUInt64LE(padded.length - 8)
      : padded.readBigUInt64BE(padded.length - 8);
    assert.equal(bits, 40n * 2n ** 32n + 24n);
  }
});
