/**
 * SHA-256 and MD5 that take bytes as they come, by WebAssembly of our own (`blocks.c`): browsers
 * have no SHA-256 that does so, and no MD5. Knows no file, no part and no worker.
 */

import scalar from "./blocks-scalar.wasm";
import simd from "./blocks-simd.wasm";

export interface Digest {
  update(bytes: Uint8Array): void;
  /** The digest of all that was taken; take no more afterwards. */
  end(): Uint8Array<ArrayBuffer>;
}

export interface Digests {
  sha256(): Digest;
  md5(): Digest;
}

/** Bytes. */
const BLOCK = 64;
const INPUT = 1 << 16;

const SHA256 = [
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];
const MD5 = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];

/** What `blocks.c` exports: addresses of its memory, and what works there. */
interface Blocks {
  readonly memory: WebAssembly.Memory;
  readonly state: WebAssembly.Global<"i32">;
  readonly input: WebAssembly.Global<"i32">;
  sha256(blocks: number): void;
  md5(blocks: number): void;
}

let ours: Promise<Digests> | undefined;

/** One instance serves any number of digests: each keeps its own state. */
export function digests(): Promise<Digests> {
  ours ??= instantiate(WebAssembly.validate(simd));
  return ours;
}

/** @param isSimd whether the browser knows WebAssembly's SIMD: two thirds of the time. */
export async function instantiate(isSimd: boolean): Promise<Digests> {
  const { instance } = await WebAssembly.instantiate(isSimd ? simd : scalar);
  const blocks = instance.exports as unknown as Blocks;
  const { buffer } = blocks.memory;
  const memory: Memory = {
    state: new DataView(buffer, blocks.state.value, 4 * SHA256.length),
    input: new Uint8Array(buffer, blocks.input.value, INPUT),
  };
  return {
    sha256: () => new BlockDigest(memory, SHA256, false, (count) => blocks.sha256(count)),
    md5: () => new BlockDigest(memory, MD5, true, (count) => blocks.md5(count)),
  };
}

interface Memory {
  readonly state: DataView;
  readonly input: Uint8Array;
}

class BlockDigest implements Digest {
  readonly #memory: Memory;
  readonly #isLittleEndian: boolean;
  readonly #hash: (blocks: number) => void;
  #state: readonly number[];
  /** What is no whole block yet. */
  #rest = new Uint8Array(0);
  /** Bytes taken. */
  #length = 0;

  constructor(
    memory: Memory,
    initial: readonly number[],
    isLittleEndian: boolean,
    hash: (blocks: number) => void,
  ) {
    this.#memory = memory;
    this.#state = initial;
    this.#isLittleEndian = isLittleEndian;
    this.#hash = hash;
  }

  update(bytes: Uint8Array): void {
    const { input, state } = this.#memory;
    for (const [index, word] of this.#state.entries()) state.setUint32(4 * index, word, true);
    input.set(this.#rest);
    let held = this.#rest.length;
    for (let start = 0; start < bytes.length; ) {
      const some = bytes.subarray(start, start + INPUT - held);
      input.set(some, held);
      start += some.length;
      const end = held + some.length;
      held = end % BLOCK;
      this.#hash((end - held) / BLOCK);
      input.copyWithin(0, end - held, end);
    }
    this.#rest = input.slice(0, held);
    this.#length += bytes.length;
    this.#state = this.#state.map((_, index) => state.getUint32(4 * index, true));
  }

  end(): Uint8Array<ArrayBuffer> {
    this.update(padding(this.#length, this.#isLittleEndian));
    const digest = new DataView(new ArrayBuffer(4 * this.#state.length));
    for (const [index, word] of this.#state.entries()) {
      digest.setUint32(4 * index, word, this.#isLittleEndian);
    }
    return new Uint8Array(digest.buffer);
  }
}

/** What fills the last block: a bit, zeros, and how many bits there were before, in 64 bits. */
export function padding(length: number, isLittleEndian: boolean): Uint8Array {
  const padded = new Uint8Array(BLOCK - ((length + 8) % BLOCK) + 8);
  padded[0] = 0x80;
  const bits = new DataView(padded.buffer, padded.length - 8);
  bits.setBigUint64(0, BigInt(length) * 8n, isLittleEndian);
  return padded;
}
