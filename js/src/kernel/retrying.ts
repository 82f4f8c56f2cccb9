/** Asks the kernel again while it says that asking again may help. */

import { delay } from "../async";
import { pause } from "../net/retry";
import { KernelError } from "./kernel";

/**
 * Resolves with the first answer.
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
