/** How a file is cut, and how far each part is. Knows no network, no worker, no clock. */

import type { FoundPart, PresignedPart } from "../protocol";

export interface Checksums {
  /** Base64, as in `x-amz-checksum-sha256`. */
  readonly sha256: string;
  /** Base64, as in `Content-MD5`; empty if not wanted. */
  readonly md5: string;
}

export interface SignedPart {
  readonly presigned: PresignedPart;
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

/** Parts of one file, by their number from 1. */
export class Parts {
  readonly size: number;
  readonly partSize: number;
  readonly total: number;
  /** The key of the one part has an object: perhaps that very part, whose answer was lost. */
  taken = false;
  /** S3 knows no conditions: the one part has to be signed without. */
  unconditional = false;
  readonly #steps: Step[];
  readonly #sets = new Map<Step, Set<number>>();
  readonly #checksums = new Map<number, Checksums>();
  readonly #signed = new Map<number, SignedPart>();
  readonly #sent = new Map<number, number>();
  readonly #found = new Map<number, FoundPart>();
  /** Parts whose last try came to nothing. */
  readonly #failed = new Set<number>();
  /** The most bytes that ever left of each part: what progress counts, so it never goes back. */
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

  /** Bytes of stored parts and bytes on the wire; never goes back. */
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

  /** Parts that are not stored and not on the wire. */
  get unsent(): number {
    return this.total - this.stored - this.#of("sending").size;
  }

  /** Part number and bytes sent of each part on the wire. */
  get inFlight(): readonly (readonly [number, number])[] {
    return [...this.#of("sending")].map((number) => [number, this.#sent.get(number) ?? 0] as const);
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

  signed(number: number, signed: SignedPart): void {
    this.#signed.set(number, signed);
    const step = this.step(number);
    if (step === "signing" || step === "sign") this.#move(number, "send");
  }

  /** The URL is of no use any more, or never came. */
  unsign(number: number): void {
    this.#signed.delete(number);
    this.#move(number, "sign");
  }

  sending(number: number): SignedPart {
    const signed = this.#signed.get(number);
    if (signed === undefined) throw new Error(`part ${number} has no URL`);
    this.taken = false;
    this.#failed.delete(number);
    this.#sent.set(number, 0);
    this.#move(number, "sending");
    return signed;
  }

  /** The part did not arrive, but its URL still serves. */
  unsend(number: number): void {
    this.#move(number, "send");
  }

  sent(number: number, bytes: number): void {
    const sent = Math.min(bytes, this.length(number));
    this.#changes += 1;
    this.#sent.set(number, sent);
    const mark = this.#marks[number - 1] ?? 0;
    if (sent <= mark) return;
    this.#marks[number - 1] = sent;
    this.#bytesDone += sent - mark;
  }

  /** A try to send the part came to nothing. */
  failed(number: number): void {
    this.#failed.add(number);
  }

  rest(number: number): void {
    this.#move(number, "resting");
  }

  store(number: number): void {
    this.#failed.delete(number);
    this.sent(number, this.length(number));
    this.#signed.delete(number);
    this.#move(number, "stored");
  }

  /** The object was there already. */
  storeAll(): void {
    for (let number = 1; number <= this.total; number += 1) this.store(number);
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
