/**
 * Which uploads go on in which of this browser's tabs: each tab may have a kernel of its own, and
 * S3 says nothing of who sends. Web Locks end with their page; pages that are not a secure context
 * have none, and nobody is told.
 */

import type { UploadAddress } from "../upload/work";

type Address = Pick<UploadAddress, "store" | "uri">;

export class TabLocks {
  readonly #ends = new Map<string, () => void>();

  /** @param signal lets all of them go. */
  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => {
      for (const end of this.#ends.values()) end();
    });
  }

  /**
   * From now on an upload goes on here, and nowhere else.
   *
   * @param lost is told when it goes on in another tab.
   */
  hold(address: Address, lost: () => void): void {
    const name = nameOf(address);
    if (this.#ends.has(name) || !("locks" in navigator)) return;
    const held = new Promise<void>((end) => this.#ends.set(name, end));
    const asked = navigator.locks.request(name, { steal: true }, () => held);
    void asked.catch((error: unknown) => {
      this.#ends.delete(name);
      // Else there are no locks to be had: a sandboxed frame, or a page on its way out.
      if (error instanceof DOMException && error.name === "AbortError") lost();
    });
  }

  /** It is complete, or given up. */
  release(address: Address): void {
    const name = nameOf(address);
    this.#ends.get(name)?.();
    this.#ends.delete(name);
  }
}

/** Finds out what goes on in any tab, this one included. */
export async function whatIsHeld(): Promise<(address: Address) => boolean> {
  if (!("locks" in navigator)) return () => false;
  const { held = [] } = await navigator.locks.query().catch(() => ({ held: [] }));
  const names = new Set(held.map(({ name }) => name));
  return (address) => names.has(nameOf(address));
}

function nameOf({ store, uri }: Address): string {
  return `s3upload_widget ${store} ${uri}`;
}
