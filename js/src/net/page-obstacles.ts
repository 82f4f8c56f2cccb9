/** What this page itself can see of what keeps it from a store. Knows no kernel and no words. */

import type { Space } from "../protocol";

/** How the browser treats requests of this page to a more private network. */
export type LocalNetwork = "allowed" | "denied" | "insecure" | "frame";

/** Chromium has these names, and of each network it looks at the first that it knows. */
const PERMISSIONS: Readonly<Record<Exclude<Space, "public">, readonly string[]>> = {
  loopback: ["loopback-network", "local-network-access"],
  local: ["local-network", "local-network-access"],
};

/** Remembers which requests the page's Content-Security-Policy has blocked. */
export class PolicyWatch {
  readonly #directives = new Map<string, string>();

  constructor(signal: AbortSignal) {
    document.addEventListener("securitypolicyviolation", (event) => this.#note(event), { signal });
  }

  /** The directive that forbids requests to an origin; empty if none was seen to. */
  against(origin: string): string {
    return this.#directives.get(origin) ?? "";
  }

  /** A policy that only reports blocks nothing, though it fires the same event. */
  #note({ blockedURI, disposition, effectiveDirective }: SecurityPolicyViolationEvent): void {
    if (disposition !== "enforce" || !URL.canParse(blockedURI)) return;
    this.#directives.set(new URL(blockedURI).origin, effectiveDirective);
  }
}

/**
 * How the browser treats requests to a more private network.
 *
 * @param isUp whether the store answers others: then a request that was never allowed was refused.
 * @param onAllowed is called when the user allows them later.
 */
export async function localNetwork(
  space: Exclude<Space, "public">,
  isUp: boolean,
  onAllowed: () => void,
  signal: AbortSignal,
): Promise<LocalNetwork> {
  for (const name of PERMISSIONS[space]) {
    const status = await permission(name);
    if (status === undefined) continue;
    if (status.state === "granted" || !(isUp || status.state === "denied")) return "allowed";
    if (!globalThis.isSecureContext) return "insecure";
    if (document.featurePolicy?.allowsFeature(name) === false) return "frame";
    const changed = (): void => {
      if (status.state === "granted") onAllowed();
    };
    status.addEventListener("change", changed, { signal });
    return "denied";
  }
  return "allowed";
}

/** Undefined where the browser knows no such permission. */
async function permission(name: string): Promise<PermissionStatus | undefined> {
  try {
    return await navigator.permissions.query({ name: name as PermissionName });
  } catch {
    return undefined;
  }
}
