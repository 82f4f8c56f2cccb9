/** One request to the kernel, one typed reply. Sends unanswered requests again. Knows no files. */

import { delay, Limiter } from "../async";
import { randomId } from "../ids";
import { pause } from "../net/retry";
import type { Calls, ErrorCode, EventEnvelope, Request, Speed } from "../protocol";
import { LEAST_FRAME, SPEEDS } from "../protocol";
import { text } from "../text/text";
import { tuning } from "../tuning";

/** How messages travel: a comm in Jupyter, anything else in a plain page. */
export interface Channel {
  /** May throw while the other side is gone. */
  send(content: object, buffers: readonly ArrayBuffer[]): void;
  /** Whether the kernel has nothing to do, as far as the page is told. */
  isIdle(): boolean;
  /** Whether what is sent reaches the kernel's machine, as far as the page is told. */
  isConnected(): boolean;
  /** Calls `hear` with every message; returns how to stop that. */
  listen(hear: (content: unknown) => void): () => void;
}

/** The kernel answered `failed`. */
export class KernelError extends Error {
  override readonly name = "KernelError";
  readonly code: ErrorCode;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, retryable: boolean) {
    super(text.fromKernel(code, message));
    this.code = code;
    this.retryable = retryable;
  }
}

type Kind = keyof Calls;
type Reply = Calls[Kind]["reply"];
type Event = EventEnvelope["event"];
type Heard = { rid: string; client: string; reply: Reply | FailedReply };
type FailedReply = { kind: "failed"; code: ErrorCode; message: string; retryable: boolean };

interface Outstanding {
  readonly request: Request;
  /** Too large to be sent again before they are known to be lost; then in halves. */
  buffers: readonly ArrayBuffer[];
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: unknown) => void;
  readonly since: number;
  sends: number;
  timer: ReturnType<typeof setTimeout> | undefined;
}

export class Kernel {
  readonly client = randomId();
  #channel: Channel;
  #stopListening: () => void;
  readonly #onEvent: (event: Event) => void;
  readonly #outstanding = new Map<string, Outstanding>();
  /** No request waits behind slower ones. */
  readonly #limiters = {
    quick: new Limiter(tuning.requests / 2),
    slow: new Limiter(tuning.requests / 2),
    deleting: new Limiter(tuning.requests / 2),
  };
  #heardAt = Date.now();
  #requests = 0;
  /** The newest request that was answered at once. */
  #prompted = 0;
  #cut = false;
  #isDisposed = false;

  constructor(channel: Channel, onEvent: (event: Event) => void) {
    this.#channel = channel;
    this.#onEvent = onEvent;
    this.#stopListening = channel.listen((content) => this.#receive(content));
  }

  /** Whether the kernel does not listen: what needs no S3 has had no answer for too long. */
  get isSilent(): boolean {
    const prompt = this.#firstPrompt()?.[1];
    return prompt !== undefined && Date.now() - prompt.since > tuning.kernelSilentMs;
  }

  /** Whether the kernel has nothing to do, and still does not answer what needs no S3. */
  get isDeaf(): boolean {
    const prompt = this.#firstPrompt()?.[1];
    if (prompt === undefined || !this.#channel.isIdle()) return false;
    return Date.now() - Math.max(prompt.since, this.#heardAt) > tuning.kernelDeafMs;
  }

  /** Whether the kernel does not answer since the way to it is gone, for now. */
  get isOutOfReach(): boolean {
    return this.isSilent && !this.#channel.isConnected();
  }

  /** Whether to find out: either S3 or the kernel keeps a request waiting. */
  get isDoubtful(): boolean {
    const [oldest] = this.#outstanding.values();
    if (oldest === undefined) return false;
    return Date.now() - Math.max(oldest.since, this.#heardAt) > tuning.kernelDoubtMs;
  }

  /** Since when nothing was heard, milliseconds since 1970; the beginning if nothing ever was. */
  get heardAt(): number {
    return this.#heardAt;
  }

  /** Whether the channel is dead, as far as the last message showed. */
  get isCut(): boolean {
    return this.#cut;
  }

  /**
   * Ask, and ask again until there is an answer.
   *
   * @param buffers travel beside the request, which needs to be a prompt one.
   * @throws KernelError if the kernel answers `failed`; the signal's reason if that aborts.
   */
  async call<K extends Kind>(
    request: Calls[K]["request"] & { readonly kind: K },
    signal: AbortSignal,
    buffers: readonly ArrayBuffer[] = [],
  ): Promise<Calls[K]["reply"]> {
    const exchange = (): Promise<Reply> => this.#exchange(request, signal, buffers);
    const speed: Speed = SPEEDS[request.kind];
    const isFree = speed === "prompt" || speed === "relaying";
    const reply = isFree ? exchange() : this.#limiters[speed].run(exchange, signal);
    return (await reply) as Calls[K]["reply"];
  }

  /** Say something once, and hear no reply: the channel is about to change. */
  tell(request: Request): void {
    try {
      this.#channel.send({ rid: `${++this.#requests}`, client: this.client, request }, []);
    } catch {
      // Nobody is there to hear it.
    }
  }

  /** Continue over another channel: the old one's other end is gone, or has been told. */
  connect(channel: Channel): void {
    this.#stopListening();
    this.#channel = channel;
    this.#stopListening = channel.listen((content) => this.#receive(content));
    this.#cut = false;
    for (const [rid, entry] of this.#outstanding) {
      clearTimeout(entry.timer);
      entry.sends = 0;
      this.#send(rid, entry);
    }
  }

  dispose(): void {
    this.#stopListening();
    this.#isDisposed = true;
    for (const rid of [...this.#outstanding.keys()]) this.#forget(rid);
  }

  async #exchange(
    request: Request,
    signal: AbortSignal,
    buffers: readonly ArrayBuffer[],
  ): Promise<Reply> {
    signal.throwIfAborted();
    const rid = `${++this.#requests}`;
    const { promise, resolve, reject } = withResolvers<Reply>();
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const since = Date.now();
    const entry = { request, buffers, resolve, reject, since, sends: 0, timer: undefined };
    this.#outstanding.set(rid, entry);
    this.#send(rid, entry);
    try {
      return await promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#forget(rid);
    }
  }

  #send(rid: string, entry: Outstanding): void {
    if (entry.sends === 0 || this.#mayRepeat(rid, entry)) {
      if (entry.sends > 0) entry.buffers = entry.buffers.map(firstHalf);
      try {
        this.#channel.send({ rid, client: this.client, request: entry.request }, entry.buffers);
        this.#cut = false;
      } catch {
        this.#cut = true;
        // The comm is dead for now (kernel restarted, socket gone): the next knock may get through.
      }
    }
    const after = tuning.resendMs[Math.min(entry.sends, tuning.resendMs.length - 1)];
    entry.sends += 1;
    if (!this.#isDisposed) entry.timer = setTimeout(() => this.#send(rid, entry), after);
  }

  #mayRepeat(rid: string, { buffers, since }: Outstanding): boolean {
    // Messages keep their order: where a later one is answered, this one is lost.
    if (buffers.length > 0) return this.#prompted > Number(rid);
    // A kernel that runs a cell hears nothing: more messages would only wait there in a heap,
    // so of several unanswered requests just one knocks again.
    const [knocks] = this.#firstPrompt() ?? [...this.#outstanding.keys()];
    return rid === knocks || this.#heardAt > since;
  }

  #firstPrompt(): [rid: string, entry: Outstanding] | undefined {
    return [...this.#outstanding].find(
      ([, { request, buffers }]) => SPEEDS[request.kind] === "prompt" && buffers.length === 0,
    );
  }

  #forget(rid: string): void {
    clearTimeout(this.#outstanding.get(rid)?.timer);
    this.#outstanding.delete(rid);
  }

  #receive(content: unknown): void {
    if (isEvent(content)) {
      this.#heardAt = Date.now();
      this.#onEvent(content.event);
    } else if (isReply(content) && content.client === this.client) {
      this.#heardAt = Date.now();
      const entry = this.#outstanding.get(content.rid);
      const { reply } = content;
      if (entry !== undefined && SPEEDS[entry.request.kind] === "prompt")
        this.#prompted = Math.max(this.#prompted, Number(content.rid));
      if (reply.kind !== "failed") entry?.resolve(reply);
      else entry?.reject(new KernelError(reply.code, reply.message, reply.retryable));
    }
  }
}

/**
 * Ask again while the kernel says that this may help; resolves with the first answer.
 *
 * @param setTrouble is called with what stands in the way, and with "" when it is gone.
 * @throws KernelError if asking again would not help; the signal's reason if that aborts.
 */
export async function retrying<T>(
  ask: () => Promise<T>,
  setTrouble: (message: string) => void,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      const answer = await ask();
      if (tries > 0) setTrouble("");
      return answer;
    } catch (error) {
      if (!(error instanceof KernelError && error.retryable)) throw error;
      setTrouble(error.message);
      await delay(pause(tries), signal);
    }
  }
}

/** What a host of notebooks loses may have been too large for it; the kernel asks for the rest. */
function firstHalf(buffer: ArrayBuffer): ArrayBuffer {
  return buffer.slice(0, Math.max(LEAST_FRAME, Math.ceil(buffer.byteLength / 2)));
}

function withResolvers<T>(): {
  promise: Promise<T>;
  resolve: (value: T) => void;
  reject: (reason: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (reason: unknown) => void = () => {};
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

function isReply(content: unknown): content is Heard {
  return typeof content === "object" && content !== null && "reply" in content;
}

function isEvent(content: unknown): content is EventEnvelope {
  return typeof content === "object" && content !== null && "event" in content;
}
