/**
 * Sends parts through the kernel, which asks for their bytes piece by piece and PUTs them. Knows no
 * file and no URL.
 */

import { delay } from "../async";
import { randomId } from "../ids";
import { type Answer, answerOf } from "../net/answer";
import type { Calls, FrameTaken, PartChecksums, Wanted } from "../protocol";
import { read } from "../reading";
import { text } from "../text/text";
import { tuning } from "../tuning";
import { type Kernel, KernelError } from "./kernel";

/** A buffer to try, of no file. */
const TRIAL = 16;

/** Answered messages after which a buffer that was sent before them is lost, time and again. */
const TRIALS = 3;

interface Stream {
  readonly body: Blob;
  /** Offsets of the frames that were sent. */
  readonly sent: Set<number>;
  readonly onProgress: (bytesTaken: number) => void;
  /** Aborts when the part needs no more bytes. */
  readonly end: AbortController;
  bytesTaken: number;
  /** When the newest frame was taken, milliseconds since 1970. */
  takenAt: number;
}

export class PartRelay {
  readonly #kernel: Kernel;
  readonly #signal: AbortSignal;
  readonly #streams = new Map<string, Stream>();
  #works: Promise<boolean> | undefined;
  #takenAt = 0;

  /** @param signal ends whatever waits for the kernel, except parts, which have their own. */
  constructor(kernel: Kernel, signal: AbortSignal) {
    this.#kernel = kernel;
    this.#signal = signal;
  }

  /** Whether the kernel takes nothing just now: it runs a cell, and hears no page meanwhile. */
  get isStuck(): boolean {
    return this.#kernel.isSilent && Date.now() - this.#takenAt > tuning.kernelSilentMs;
  }

  /** Whether binary messages arrive: not every host of notebooks passes them on. */
  works(): Promise<boolean> {
    this.#works ??= this.#try();
    return this.#works;
  }

  /**
   * Send one part, as `put` does.
   *
   * @param onProgress is called with the bytes that the kernel took so far.
   * @throws KernelError if the kernel does not sign the part; the signal's reason if it aborts;
   *   FileChangedError if the file cannot be read.
   */
  async send(
    part: PartChecksums,
    body: Blob,
    onProgress: (bytesTaken: number) => void,
    signal: AbortSignal,
  ): Promise<Answer> {
    if (!(await this.works())) throw new KernelError("refused", text.noBuffers, false);
    for (;;) {
      const end = new AbortController();
      const sent = new Set<number>();
      const stream = { body, sent, onProgress, end, bytesTaken: 0, takenAt: Date.now() };
      const reply = await this.#send(part, stream, signal);
      // Whether S3 has it all the same, the kernel sees when the part is sent again.
      const left = stream.bytesTaken === body.size;
      const departure = { left, waitedMs: left ? Date.now() - stream.takenAt : 0 };
      if (reply.kind === "stored_part") return { kind: "stored", etag: "" };
      if (reply.kind === "part_answered") return answerOf(reply, departure);
      if (!reply.starved) return { kind: "lost", ...departure };
      // Nobody failed: a cell kept the kernel. Resolves once it listens again.
      await this.#kernel.call({ kind: "try_frame" }, signal);
    }
  }

  /**
   * The kernel wants bytes of a part, and asks again until they arrive: each is sent once, and again
   * where they are known to be lost.
   */
  handle({ stream: name, offset, size }: Wanted): void {
    const stream = this.#streams.get(name);
    if (stream === undefined || stream.sent.has(offset)) return;
    stream.sent.add(offset);
    void this.#sendFrame(name, stream, offset, size);
  }

  async #send(
    part: PartChecksums,
    stream: Stream,
    signal: AbortSignal,
  ): Promise<Calls["relay_part"]["reply"]> {
    const name = randomId();
    const { end } = stream;
    const stop = (): void => end.abort(signal.reason);
    signal.throwIfAborted();
    signal.addEventListener("abort", stop, { once: true });
    this.#streams.set(name, stream);
    try {
      return await this.#kernel.call({ kind: "relay_part", stream: name, part }, end.signal);
    } catch (error) {
      if (end.signal.aborted) this.#end(name);
      if (error instanceof KernelError && error.retryable)
        return { kind: "part_unanswered", starved: false };
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#streams.delete(name);
      end.abort();
    }
  }

  async #sendFrame(name: string, stream: Stream, offset: number, size: number): Promise<void> {
    const { body, end, onProgress } = stream;
    let taken: FrameTaken;
    try {
      const frame = await read(body.slice(offset, offset + size));
      const request = { kind: "relay_frame", stream: name, offset } as const;
      taken = await this.#kernel.call(request, end.signal, [frame]);
    } catch (error) {
      // The file cannot be read, unless the part has ended already.
      end.abort(error);
      return;
    }
    this.#takenAt = Date.now();
    stream.takenAt = this.#takenAt;
    stream.bytesTaken += taken.size;
    onProgress(stream.bytesTaken);
  }

  /** The kernel would find out by itself, later. */
  #end(name: string): void {
    void this.#kernel.call({ kind: "end_relay", stream: name }, this.#signal).catch(() => {});
  }

  /** Messages keep their order: what was answered after the frame shows that the frame is lost. */
  async #try(): Promise<boolean> {
    const ask = (buffers: ArrayBuffer[]): Promise<FrameTaken> =>
      this.#kernel.call({ kind: "try_frame" }, this.#signal, buffers);
    const arrives = ask([new ArrayBuffer(TRIAL)]).then(({ size }) => size === TRIAL);
    const isLost = async (): Promise<boolean> => {
      for (let trials = 0; trials < TRIALS; trials += 1) {
        await ask([]);
        await delay(tuning.kernelSilentMs, this.#signal);
      }
      return false;
    };
    try {
      return await Promise.race([arrives, isLost()]);
    } catch (error) {
      if (error instanceof KernelError) return false;
      throw error;
    } finally {
      arrives.catch(() => {});
    }
  }
}
