/**
 * A random name, also where `crypto.randomUUID` is missing: pages over plain http are no secure
 * context.
 */
export function randomId(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
}
