/** The workers that hash: two for parts, and one for whole files. */

import type * as Comlink from "comlink";
import { read } from "../reading";
import type { HashedPart, PartHasher, PartToHash, Roles, WholeHasher } from "./hasher.worker";
import source from "./hasher.worker.ts?source";

/** Two hashers with a little read-ahead keep two cores busy; more gain nothing. */
const HASHERS = 2;

/** What the page itself reads and hashes, by the browser's own code … */
const SMALL_BYTES = 1024 * 1024;

/** … and by WebAssembly, which blocks it: a millisecond at most. */
const TINY_BYTES = 256 * 1024;

export interface Hashers {
  /** How many parts are worth hashing at once. */
  readonly lanes: number;
  /** A file of so many bytes was picked: have ready what will hash it. */
  expect(bytes: number): void;
  /** Read and hash a part; `lane` counts from 0. Rejects if the file cannot be read. */
  hash(lane: number, part: PartToHash): Promise<HashedPart>;
  /** Have a whole file's digest read a slice itself, which begins at `offset`, in its turn. */
  fill(file: string, offset: number, slice: Blob): Promise<void>;
  /** SHA-256 of a whole file, hexadecimal; the bytes that no part brought are read now. */
  digest(file: string, bytes: Blob): Promise<string>;
  /** Drop what was hashed of a file. */
  forget(file: string): Promise<void>;
  dispose(): void;
}

type Hasher = typeof import("./hasher.worker");

interface Started {
  readonly parts: Comlink.Remote<PartHasher>[];
  readonly whole: Comlink.Remote<WholeHasher>;
  readonly end: () => void;
}

/** Starts with the first file that needs workers: an unused widget costs none. */
export function createHashers(): Hashers {
  let starting: Promise<Started> | undefined;
  const started = (): Promise<Started> => {
    starting ??= start().catch((error: unknown) => {
      starting = undefined;
      throw error;
    });
    return starting;
  };
  let loading: Promise<PartHasher> | undefined;
  const hasherHere = (): Promise<PartHasher> => {
    loading ??= loadHere().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
  return {
    lanes: HASHERS,
    expect(bytes) {
      // Whoever has a part hashed hears why that cannot be.
      if (bytes > SMALL_BYTES) started().catch(() => {});
    },
    async hash(lane, part) {
      if (isSmall(part)) return hashHere(part);
      if (isTiny(part)) return (await hasherHere()).hash(part);
      const { parts } = await started();
      const hasher = parts[lane % parts.length];
      if (hasher === undefined) throw new Error("no hasher was started");
      return hasher.hash(part);
    },
    fill: async (file, offset, slice) => (await started()).whole.fill(file, offset, slice),
    digest: async (file, bytes) => (await started()).whole.digest(file, bytes),
    async forget(file) {
      if (starting) await (await starting).whole.forget(file);
    },
    dispose() {
      starting?.then(({ end }) => end()).catch(() => {});
      starting = undefined;
    },
  };
}

/** Whether the way to a worker and back would take longer than the hashing, off this thread too. */
function isSmall({ size, md5, file }: PartToHash): boolean {
  return size <= SMALL_BYTES && !md5 && file === "" && globalThis.crypto?.subtle !== undefined;
}

/** As small, where it takes more than the browser's own code. */
function isTiny({ size, file }: PartToHash): boolean {
  return size <= TINY_BYTES && file === "";
}

async function hashHere({ slice, size }: PartToHash): Promise<HashedPart> {
  const digest = await crypto.subtle.digest("SHA-256", await read(slice, size));
  return { sha256: btoa(String.fromCharCode(...new Uint8Array(digest))), md5: "" };
}

/** The worker's own hasher, on this thread. */
async function loadHere(): Promise<PartHasher> {
  const [url, module] = await load();
  URL.revokeObjectURL(url);
  return new module.PartHasher();
}

async function start(): Promise<Started> {
  const [url, module] = await load();
  const hosts = await Promise.all(Array.from({ length: HASHERS + 1 }, () => host(url, module)));
  URL.revokeObjectURL(url);
  const [first, ...others] = hosts;
  if (first === undefined) throw new Error("no hasher was started");
  const whole = (await first.roles.whole()) as Comlink.Remote<WholeHasher>;
  const parts = await Promise.all(
    others.map(async ({ roles }) => {
      const part = (await roles.part()) as Comlink.Remote<PartHasher>;
      const { port1, port2 } = new MessageChannel();
      await whole.connect(module.Comlink.transfer(port1, [port1]));
      await part.connect(module.Comlink.transfer(port2, [port2]));
      return part;
    }),
  );
  const end = (): void => {
    for (const host of hosts) host.end();
  };
  return { parts, whole, end };
}

/** The page takes Comlink from the module too: it need not be in the bundle twice. */
async function load(): Promise<[url: string, module: Hasher]> {
  const url = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
  try {
    return [url, await import(url)];
  } catch {
    // A Content-Security-Policy may forbid blob: and allow data:.
    const data = `data:text/javascript;charset=utf-8,${encodeURIComponent(source)}`;
    return [data, await import(data)];
  }
}

interface Host {
  readonly roles: Comlink.Remote<Roles>;
  readonly end: () => void;
}

/** A worker; on the page itself where a content security policy refuses workers. */
async function host(url: string, module: Hasher): Promise<Host> {
  try {
    return await workerHost(url, module);
  } catch {
    return pageHost(module);
  }
}

async function workerHost(url: string, { Comlink }: Hasher): Promise<Host> {
  const worker = new Worker(url, { type: "module" });
  await new Promise<void>((resolve, reject) => {
    worker.onerror = reject;
    worker.onmessage = () => resolve();
  });
  worker.onmessage = null;
  return { roles: Comlink.wrap<Roles>(worker), end: () => worker.terminate() };
}

function pageHost({ Comlink, serve }: Hasher): Host {
  const { port1, port2 } = new MessageChannel();
  serve(port2);
  return { roles: Comlink.wrap<Roles>(port1), end: () => port1.close() };
}
