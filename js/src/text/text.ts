/** The strings of the page's language; the rest of the page reads them from here. */

import { chinese } from "./chinese";
import { english, type Texts } from "./english";

export type { Cause, Texts } from "./english";

/** The strings of the page's language. */
export const text: Texts = { ...english, view: { ...english.view } };

/** The language's tag, for `Intl`. */
export let language = "en";

/** Switch to a language; to English if it is none of those here. */
export function speak(wanted: string): void {
  const isChinese = /^zh\b/i.test(wanted.replace("_", "-"));
  const { view, ...others } = isChinese ? chinese : english;
  language = isChinese ? "zh-CN" : "en";
  Object.assign(text, others);
  Object.assign(text.view, view);
}
