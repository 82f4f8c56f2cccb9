/** How a file is cut, and how far each part is. Knows no network, no worker, no clock. */

import type { FoundPart, PartRefusal, PresignedPart } from "../protocol";

export interface Checksums {
  /** Base64, as in `x-amz-checksum-sha256`. */
  readonly sha256: string;
  /** Base64, as in `Content-MD5`; empty if not wanted. */
  readonly md5: string;
}

/** The part goes through the kernel, which signs it when it sends it. */
export interface RelayedPart {
  readonly kind: "relayed_part";
  readonly expires_in: number;
}

export const RELAYED: RelayedPart = { kind: "relayed_part", expires_in: Number.POSITIVE_INFINITY };

export interface SignedPart {
  readonly presigned: PresignedPart | RelayedPart;
  /** `scheme://host` that it is to be sent to. */
  readonly origin: string;
  /** Milliseconds since 1970. */
  readonly signedAt: number;
}

/**
 * The next step of a part, in this order; `resting` parts wait out a pause. A part found on S3 is
 * to `prove`; then it is `stored`, or it `differs` until the user has decided.
 */
type Step =
  | "prove"
  | "hash"
  | "hashing"
  | "sign"
  | "signing"
  | "send"
  | "sending"
  | "resting"
  | "differs"
  | "stored";

const LEAST_WEIGHT = 0.1;

/** A part that has left as a whole, and whose answer was lost: S3 may have it, or yet get it. */
export interface Doubt {
  /** Before then it is looked for, and not sent again; milliseconds since 1970. */
  readonly until: number;
  /** The pause between two looks. */
  readonly everyMs: number;
  /** Whether its bytes were refused, if S3 has them not. */
  readonly refused: boolean;
}

/** Parts of one file, by their number from 1. */
export class Parts {
  readonly size: number;
  readonly partSize: number;
  readonly total: number;
  /** The key of the one part has an object: perhaps that very part, whose answer was lost. */
  taken = false;
  /** Whether any bytes were seen to leave: behind a service worker, none are. */
  showsProgress = false;
  /** Of S3's answer to the newest PUT; empty where the page may not read it. */
  etag = "";
  readonly #steps: Step[];
  readonly #sets = new Map<Step, Set<number>>();
  readonly #checksums = new Map<number, Checksums>();
  readonly #signed = new Map<number, SignedPart>();
  readonly #sent = new Map<number, number>();
  readonly #found = new Map<number, FoundPart>();
  readonly #doubts = new Map<number, Doubt>();
  readonly #refusals = new Map<number, PartRefusal>();
  /** Parts whose last try came to nothing. */
  readonly #failed = new Set<number>();
  /** The most bytes that left of each part: what progress counts, so that only refusals lower it. */
  readonly #marks: Float64Array;
  #bytesDone = 0;
  #changes = 0;

  constructor(size: number, partSize: number, total: number) {
    this.size = size;
    this.partSize = partSize;
    this.total = total;
    this.#steps = new Array<Step>(total).fill("hash");
    this.#marks = new Float64Array(total);
    this.#set(
      "hash",
      Array.from({ length: total }, (_, index) => index + 1),
    );
  }

  /** How often anything changed: results computed at the same count still hold. */
  get changes(): number {
    return this.#changes;
  }

  /** How much a part counts as done ahead: filling the lanes takes many small files. */
  get weight(): number {
    return this.total > 1 ? 1 : Math.max(LEAST_WEIGHT, this.size / this.partSize);
  }

  /** Bytes of stored parts and bytes that left; goes back only where bytes were refused. */
  get bytesDone(): number {
    return this.#bytesDone;
  }

  get stored(): number {
    return this.#of("stored").size;
  }

  /** Parts that are hashed, or being hashed, and not on the wire yet. */
  get ahead(): number {
    const hashed = this.#of("sign").size + this.#of("signing").size + this.#of("send").size;
    return this.#of("hashing").size + hashed;
  }

  /** Parts that could be sent at once. */
  get ready(): number {
    return this.#of("send").size;
  }

  /** Whether a part is read or on the wire, so that its end may yet change the progress. */
  get busy(): boolean {
    return this.#of("hashing").size + this.#of("sending").size > 0;
  }

  get resting(): number {
    return this.#of("resting").size;
  }

  /** Parts that left as a whole, and that nobody knows the fate of. */
  get doubtful(): number {
    return this.#doubts.size;
  }

  /** Parts that are not stored and not on the wire. */
  get unsent(): number {
    return this.total - this.stored - this.#of("sending").size;
  }

  /** Part number and bytes sent of each part on the wire. */
  get inFlight(): readonly (readonly [number, number])[] {
    return [...this.#of("sending")].map((number) => [number, this.#sent.get(number) ?? 0] as const);
  }

  /** Bytes of a part that have left with its present try. */
  bytesSent(number: number): number {
    return this.#sent.get(number) ?? 0;
  }

  /** Whether all bytes left of every part that is on its way. */
  get isSent(): boolean {
    const left = this.inFlight.every(([number, bytes]) => bytes === this.length(number));
    return left && this.doubtful + this.#of("sending").size > 0;
  }

  /** Whether S3 may have the part, or yet get it; undefined if it certainly has not. */
  doubt(number: number): Doubt | undefined {
    return this.#doubts.get(number);
  }

  /**
   * How long a signed part is left alone because it may yet turn up on S3, in milliseconds. To sign a
   * URL, the kernel looks for it now and then; to send it through the kernel, once, at the end.
   */
  restMs(number: number, now = Date.now()): number {
    const doubt = this.#doubts.get(number);
    if (doubt === undefined) return 0;
    const isLookedFor = this.#signed.get(number)?.presigned.kind === "presigned_part";
    return isLookedFor ? doubt.everyMs : doubt.until - now;
  }

  /** S3's answer to a part, if it was a refusal that the kernel has not heard of yet. */
  refusals(number: number): PartRefusal[] {
    const refusal = this.#refusals.get(number);
    return refusal === undefined ? [] : [refusal];
  }

  step(number: number): Step {
    return this.#steps[number - 1] ?? "hash";
  }

  /** Whether the last try to send the part came to nothing, and no other is under way. */
  hasFailed(number: number): boolean {
    return this.#failed.has(number);
  }

  offset(number: number): number {
    return (number - 1) * this.partSize;
  }

  length(number: number): number {
    return Math.min(this.partSize, this.size - this.offset(number));
  }

  checksums(number: number): Checksums | undefined {
    return this.#checksums.get(number);
  }

  /** Checksums of all parts, in their order; every part must be stored. */
  allChecksums(): Checksums[] {
    return this.#steps.map((_, index) => {
      const checksums = this.#checksums.get(index + 1);
      if (checksums === undefined) throw new Error(`part ${index + 1} was never hashed`);
      return checksums;
    });
  }

  /** Whether S3 held parts before any was sent from here. */
  get hasFound(): boolean {
    return this.#found.size > 0;
  }

  /** Parts that were found on S3 and are not this file's. */
  get differing(): number {
    return this.#of("differs").size;
  }

  /** Parts found on S3 that are not compared yet, or just now by an older attempt. */
  toProve(): number[] {
    const compared = [...this.#of("hashing")].filter((number) => this.#found.has(number));
    return [...this.#of("prove"), ...compared].sort((one, other) => one - other);
  }

  /** The part as S3 holds it. */
  found(number: number): FoundPart | undefined {
    return this.#found.get(number);
  }

  /** S3 holds these parts already: they are compared before they count. */
  offer(found: readonly FoundPart[]): void {
    for (const part of found) {
      const number = part.part_number;
      if (number > this.total || part.size !== this.length(number)) continue;
      if (!["hash", "sign", "send"].includes(this.step(number))) continue;
      this.#found.set(number, part);
      const checksums = this.#checksums.get(number);
      if (checksums === undefined) this.#move(number, "prove");
      else if (isSame(part, checksums)) this.store(number);
    }
  }

  /** A part on S3 was compared with the file's; returns whether it is the same. */
  compared(number: number, checksums: Checksums): boolean {
    const found = this.#found.get(number);
    const same = found !== undefined && isSame(found, checksums);
    this.#checksums.set(number, checksums);
    if (!this.#isProven(number)) return same;
    if (same) this.store(number);
    else this.#move(number, "differs");
    return same;
  }

  /** Parts that differ are sent, over what S3 holds. */
  sendDiffering(): void {
    for (const number of [...this.#of("differs")]) this.#move(number, "sign");
  }

  /** The part is to be compared again. */
  unprove(number: number): void {
    if (this.#isProven(number)) this.#move(number, "prove");
  }

  /** Whether a comparison still decides: else a newer try has compared the part meanwhile. */
  #isProven(number: number): boolean {
    return ["prove", "hashing"].includes(this.step(number));
  }

  /** The next part in this step, lowest number first. */
  next(step: "prove" | "hash" | "send"): number | undefined {
    const [first] = this.#of(step);
    return first;
  }

  toSign(): number[] {
    return [...this.#of("sign")];
  }

  /** Signed parts that wait to be sent, with their URLs. */
  waiting(): (readonly [number, SignedPart])[] {
    return [...this.#of("send")].flatMap((number) => {
      const signed = this.#signed.get(number);
      return signed === undefined ? [] : [[number, signed] as const];
    });
  }

  hashing(number: number): void {
    this.#move(number, "hashing");
  }

  hashed(number: number, checksums: Checksums): void {
    this.#checksums.set(number, checksums);
    this.#move(number, "sign");
  }

  /** The bytes are to be read and hashed again. */
  unhash(number: number): void {
    this.#move(number, "hash");
  }

  signing(number: number): void {
    this.#move(number, "signing");
  }

  /** The part got a URL: if it was in doubt for long enough, S3 was seen not to have it. */
  signed(number: number, signed: SignedPart): void {
    this.#signed.set(number, signed);
    this.#refusals.delete(number);
    const looked = signed.presigned.kind === "presigned_part";
    if (looked && signed.signedAt >= (this.#doubts.get(number)?.until ?? 0)) this.#settle(number);
    const step = this.step(number);
    if (step === "signing" || step === "sign") this.#move(number, "send");
  }

  /** The URL is of no use any more, or never came. */
  unsign(number: number): void {
    this.#signed.delete(number);
    this.#move(number, "sign");
  }

  /** Parts that wait to be sent are to go another way; all of them, or those that are `meant`. */
  unsignAll(meant: (signed: SignedPart) => boolean = () => true): void {
    for (const [number, signed] of this.waiting()) if (meant(signed)) this.unsign(number);
  }

  sending(number: number): SignedPart {
    const signed = this.#signed.get(number);
    if (signed === undefined) throw new Error(`part ${number} has no URL`);
    this.taken = false;
    this.#settle(number);
    this.#failed.delete(number);
    this.#sent.set(number, 0);
    this.#move(number, "sending");
    return signed;
  }

  /** The part did not arrive, but its URL still serves. */
  unsend(number: number): void {
    this.#move(number, "send");
  }

  /** So many bytes of the part were seen to leave. */
  sent(number: number, bytes: number): void {
    this.showsProgress ||= bytes > 0;
    this.#count(number, bytes);
  }

  #count(number: number, bytes: number): void {
    const sent = Math.min(bytes, this.length(number));
    this.#changes += 1;
    this.#sent.set(number, sent);
    const mark = this.#marks[number - 1] ?? 0;
    if (sent <= mark) return;
    this.#marks[number - 1] = sent;
    this.#bytesDone += sent - mark;
  }

  /** The bytes of the part were refused: they count no more. */
  takeBack(number: number): void {
    this.#changes += 1;
    this.#bytesDone -= this.#marks[number - 1] ?? 0;
    this.#marks[number - 1] = 0;
  }

  /** The part's answer is lost, and perhaps nothing else. */
  doubted(number: number, doubt: Doubt): void {
    this.#doubts.set(number, doubt);
  }

  /** S3 refused the part: the next request for it may have to be another. */
  refused(number: number, refusal: PartRefusal): void {
    this.#refusals.set(number, refusal);
  }

  /** A try to send the part came to nothing. */
  failed(number: number): void {
    this.#failed.add(number);
  }

  rest(number: number): void {
    this.#move(number, "resting");
  }

  store(number: number): void {
    this.#doubts.delete(number);
    this.#failed.delete(number);
    this.#count(number, this.length(number));
    this.#signed.delete(number);
    this.#move(number, "stored");
  }

  /** The object was there already. */
  storeAll(): void {
    for (let number = 1; number <= this.total; number += 1) this.store(number);
  }

  /** The part is in doubt no more, as it is not on S3. */
  #settle(number: number): void {
    if (this.#doubts.get(number)?.refused) this.takeBack(number);
    this.#doubts.delete(number);
  }

  #of(step: Step): Set<number> {
    return this.#sets.get(step) ?? this.#set(step, []);
  }

  #set(step: Step, numbers: number[]): Set<number> {
    const set = new Set(numbers);
    this.#sets.set(step, set);
    return set;
  }

  #move(number: number, step: Step): void {
    this.#changes += 1;
    this.#of(this.step(number)).delete(number);
    this.#steps[number - 1] = step;
    this.#of(step).add(number);
  }
}

/** A part on S3 and one of the file are the same where the strongest checksum there is says so. */
function isSame(found: FoundPart, checksums: Checksums): boolean {
  if (found.sha256 !== "") return found.sha256 === checksums.sha256;
  return found.md5 !== "" && found.md5 === checksums.md5;
}
