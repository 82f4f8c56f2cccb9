/**
 * Why a store is out of reach: what the page can see itself, and what the kernel finds out.
 * Decides what becomes of the files that go there. Sends no part.
 */

import { delay } from "../async";
import { type Kernel, KernelError } from "../kernel/kernel";
import { localNetwork, PolicyWatch } from "../net/page-obstacles";
import { reaches } from "../net/reachability";
import { type Diagnosed, OBSTACLES, type Obstacle, type Relay } from "../protocol";
import { text } from "../text/text";
import { tuning } from "../tuning";
import { type Problem, problemOf } from "../upload/problem";
import type { Sign } from "../upload/states";
import type { Upload } from "../upload/upload";

/** S3 refuses whatever the kernel signs: trying again is no use before somebody mends that. */
const ENDING = new Set<Problem["code"]>([
  "credentials",
  "clock_skew",
  "wrong_region",
  "no_such_bucket",
]);

/** The kernel found nothing between itself and the store: only the page knows more. */
const OPEN = new Set<Obstacle>(["unreachable_from_page", "unavailable", "untrusted_certificate"]);

/** What keeps the page from a store. */
export interface Diagnosis {
  readonly cause: Obstacle;
  /** For people. */
  readonly message: string;
  readonly relay: Relay;
}

/** What a diagnosis sets going. */
export interface Consequences {
  /** Send through the kernel where that helps; whether it does. */
  cures(store: string, found: Diagnosis): Promise<boolean>;
  /** No part gets through to a store: have a short request show it. */
  doubt(store: string): void;
  /** A store is reached again, or may be. */
  trust(store: string): void;
  /** Parts may be sent that were held back. */
  schedule(): void;
}

/** How sending to a store goes on after a sign that something lies between. */
type Caution = "held" | "one lane" | "";

export class Diagnoses {
  readonly #kernel: Kernel;
  readonly #files: () => readonly Upload[];
  readonly #consequences: Consequences;
  readonly #signal: AbortSignal;
  readonly #policy: PolicyWatch;
  readonly #found = new Map<string, Diagnosis>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #cautions = new Map<string, Caution>();
  readonly #silence = new Silence();
  /** Gateways that answered last, in a store's place. */
  readonly #gateways = new Map<string, Diagnosis>();

  constructor(
    kernel: Kernel,
    files: () => readonly Upload[],
    consequences: Consequences,
    signal: AbortSignal,
  ) {
    this.#kernel = kernel;
    this.#files = files;
    this.#consequences = consequences;
    this.#signal = signal;
    this.#policy = new PolicyWatch(signal);
  }

  /** What was found last of a store; undefined if nothing was. */
  of(store: string): Diagnosis | undefined {
    return this.#found.get(store);
  }

  /** How many parts may be on their way to a store, as far as diagnoses go. */
  lanes(store: string): number {
    const caution = this.#cautions.get(store) ?? "";
    return { held: 0, "one lane": 1, "": Number.POSITIVE_INFINITY }[caution];
  }

  /** The store answered a part of a file; if it took that, the next sign is a first one again. */
  answered(upload: Upload, store: string, isStored: boolean): void {
    if (isStored) this.#cautions.delete(store);
    this.#gateways.delete(store);
    this.#silence.end(upload);
    this.#silence.end(store);
  }

  /** A sign of what lies between the page and a store. */
  note(upload: Upload, sign: Sign): void {
    const store = storeOf(upload);
    if (sign.kind !== "gateway") this.#gateways.delete(store);
    else this.#gateways.set(store, own("gateway", text.gateway(store, sign.status)));
  }

  /** The same of the kernel's own way: there is nothing more to find out from here. */
  noteOfKernel(upload: Upload, sign: Sign): void {
    const store = storeOf(upload);
    if (sign.kind !== "gateway") this.#found.delete(store);
    else this.#found.set(store, own("gateway", text.gateway("", sign.status)));
  }

  /**
   * A first sign that something lies between: find out what before more bodies are sent.
   *
   * @param isRefusal whether more lanes would only be refused more often.
   */
  async suspect(upload: Upload, isRefusal: boolean): Promise<void> {
    const store = storeOf(upload);
    if (store === "" || this.#cautions.has(store)) return;
    this.#cautions.set(store, "held");
    const patience = delay(tuning.holdMs, this.#signal).catch(() => {});
    await Promise.race([this.diagnose(upload), patience]);
    if (this.#cautions.has(store)) this.#cautions.set(store, isRefusal ? "one lane" : "");
    this.#consequences.schedule();
  }

  /** Whether nothing of a file has left this page of late: others come first. */
  isSilent(upload: Upload): boolean {
    return this.#silence.has(upload);
  }

  /** Parts go to a store another way from now on. */
  wayChanged(store: string): void {
    this.#cautions.delete(store);
    this.#gateways.delete(store);
    this.#silence.end(store);
    for (const upload of this.#files()) this.#silence.end(upload);
  }

  /** A part was lost before a byte of it left: time and again, whatever becomes of others? */
  async unheard(upload: Upload): Promise<void> {
    const store = storeOf(upload);
    this.#silence.add(upload);
    this.#silence.add(store);
    const lasts = this.#silence.lasts(upload) || this.#silence.lasts(store);
    if (lasts && !this.#running.has(store)) await this.diagnose(upload);
  }

  /** Find out what hinders a file; where waiting is no use, all that go to the same store fail. */
  async diagnose(upload: Upload): Promise<void> {
    const store = storeOf(upload);
    if (store === "") return;
    await this.#running.get(store);
    const running = this.#diagnose(upload, store);
    this.#running.set(store, running);
    await running;
    if (this.#running.get(store) === running) this.#running.delete(store);
  }

  /** Resolves once nobody looks any more for what hinders a file. */
  async found(upload: Upload): Promise<void> {
    await this.#running.get(storeOf(upload));
  }

  async #diagnose(upload: Upload, store: string): Promise<void> {
    try {
      const found = await this.#find(upload, store);
      await this.decide(store, found, upload);
    } catch (error) {
      // If the kernel finds nothing, the page keeps probing by itself.
      if (!(error instanceof KernelError && ENDING.has(error.code))) return;
      this.#fail(store, problemOf(error, upload.file.name));
    }
  }

  /** The page's own evidence counts first. */
  async #find(upload: Upload, store: string): Promise<Diagnosis> {
    const seen = this.#seen(store);
    if (seen !== undefined) return seen;
    const found = await this.#kernel.call(
      { kind: "diagnose", file_id: upload.id, origin: location.origin },
      this.#signal,
    );
    const { cause, message, relay } = found;
    const said = { cause, message: text.fromKernel(cause, message), relay };
    if (!OPEN.has(cause)) return said;
    // The browser tells of its policy a moment after it refused the request.
    const later = this.#seen(store) ?? this.#gateways.get(store);
    return later ?? (await this.#tried(upload, store, found)) ?? said;
  }

  #seen(store: string): Diagnosis | undefined {
    const directive = this.#policy.against(store);
    return directive === ""
      ? undefined
      : own("content_security_policy", text.policy(store, directive));
  }

  /** What a request without a file shows, and what the browser says of its permissions. */
  async #tried(upload: Upload, store: string, found: Diagnosed): Promise<Diagnosis | undefined> {
    const kernelReaches = found.cause === "unreachable_from_page";
    if (await reaches(store)) {
      if (!kernelReaches) return undefined;
      const isBlocked = [upload, store].map((whose) => this.#silence.outlasts(whose));
      if (isBlocked.includes(true)) return own("blocked", text.blocked(store));
      return own("unreachable_from_page", text.unanswered(store));
    }
    if (found.space === "public") return undefined;
    const onAllowed = (): void => this.#consequences.trust(store);
    const state = await localNetwork(found.space, kernelReaches, onAllowed, this.#signal);
    if (state === "allowed") return undefined;
    return own(`local_network_${state}`, text.localNetwork[state](store));
  }

  /**
   * What keeps the page from a store was found.
   *
   * @param upload of which it was found, if any.
   */
  async decide(store: string, found: Diagnosis, upload?: Upload): Promise<void> {
    if (await this.#consequences.cures(store, found)) return;
    this.#found.set(store, found);
    const { cause, message } = found;
    const problem = { code: cause, message };
    if (cause === "local_network_denied") this.#consequences.doubt(store);
    if (OBSTACLES[cause].waits) return;
    if (cause === "blocked") this.#failSilent(upload, store, problem);
    else this.#fail(store, problem);
  }

  /** The file; where its store answers none, all of which nothing was heard either. */
  #failSilent(upload: Upload | undefined, store: string, problem: Problem): void {
    const isAll = this.#silence.outlasts(store);
    for (const each of [...this.#files()]) {
      const isMeant = each === upload || (isAll && this.#silence.has(each));
      if (!isMeant || storeOf(each) !== store) continue;
      this.#silence.end(each);
      each.fail(problem);
    }
  }

  #fail(store: string, problem: Problem): void {
    for (const upload of this.#files()) {
      if (storeOf(upload) === store) upload.fail(problem);
    }
  }
}

interface Lost {
  readonly count: number;
  /** When nothing else was found to be wrong, milliseconds since 1970; infinite before. */
  readonly foundAt: number;
  /** Of those, the ones lost a while after that. */
  readonly since: number;
}

const NONE: Lost = { count: 0, foundAt: Number.POSITIVE_INFINITY, since: 0 };

/** Parts in a row that were lost before a byte of them left: of each file, and of each store. */
class Silence {
  readonly #lost = new Map<Upload | string, Lost>();

  add(whose: Upload | string): void {
    const { count, foundAt, since } = this.#of(whose);
    const isLater = Date.now() > foundAt + tuning.holdMs;
    this.#lost.set(whose, { count: count + 1, foundAt, since: isLater ? since + 1 : since });
  }

  end(whose: Upload | string): void {
    this.#lost.delete(whose);
  }

  has(whose: Upload | string): boolean {
    return this.#lost.has(whose);
  }

  lasts(whose: Upload | string): boolean {
    return this.#of(whose).count >= tuning.losses;
  }

  /** Nothing else is wrong: whether it was so before, and parts were lost all the same since. */
  outlasts(whose: Upload | string): boolean {
    if (!this.lasts(whose)) return false;
    const lost = this.#of(whose);
    this.#lost.set(whose, { ...lost, foundAt: Math.min(lost.foundAt, Date.now()) });
    return lost.since > 0;
  }

  #of(whose: Upload | string): Lost {
    return this.#lost.get(whose) ?? NONE;
  }
}

/** What the page found itself. */
function own(cause: Obstacle, message: string): Diagnosis {
  return { cause, message, relay: OBSTACLES[cause].relay };
}

/** Empty unless the file is being sent. */
function storeOf(upload: Upload): string {
  return upload.active?.plan.store ?? "";
}
