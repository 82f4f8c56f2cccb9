/**
 * Which uploads run in which of this browser's tabs: each tab may have a kernel of its own, and S3
 * does not say who sends. Web Locks end with their page; pages that are not a secure context have
 * none, and learn nothing.
 */

import type { UploadAddress } from "../upload/work";

type Address = Pick<UploadAddress, "store" | "uri">;

export class TabLocks {
  readonly #ends = new Map<string, () => void>();

  /** @param signal releases all of them. */
  constructor(signal: AbortSignal) {
    signal.addEventListener("abort", () => {
      for (const end of this.#ends.values()) end();
    });
  }

  /**
   * From now on an upload runs here, and in no other tab.
   *
   * @param onTakenOver is called when another tab takes it over.
   */
  hold(address: Address, onTakenOver: () => void): void {
    const name = nameOf(address);
    if (this.#ends.has(name) || !("locks" in navigator)) return;
    const held = new Promise<void>((end) => this.#ends.set(name, end));
    const asked = navigator.locks.request(name, { steal: true }, () => held);
    void asked.catch((error: unknown) => {
      this.#ends.delete(name);
      // Else there are no locks to be had: a sandboxed frame, or a page on its way out.
      if (error instanceof DOMException && error.name === "AbortError") onTakenOver();
    });
  }

  /** It is complete, or given up. */
  release(address: Address): void {
    const name = nameOf(address);
    this.#ends.get(name)?.();
    this.#ends.delete(name);
  }
}

/** Finds out which uploads run in any tab, this one included. */
export async function heldUploads(): Promise<(address: Address) => boolean> {
  if (!("locks" in navigator)) return () => false;
  const { held = [] } = await navigator.locks.query().catch(() => ({ held: [] }));
  const names = new Set(held.map(({ name }) => name));
  return (address) => names.has(nameOf(address));
}

function nameOf({ store, uri }: Address): string {
  return `s3upload_widget ${store} ${uri}`;
}
