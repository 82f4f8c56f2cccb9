/** The strings of the page's language. */

import { chinese } from "./chinese";
import { english, type Texts } from "./english";

export type { Cause, Texts } from "./english";

/** The strings of the page's language. */
export const text: Texts = { ...english, view: { ...english.view } };

/** As `Intl` takes it. */
export let language = "en";

/** Speak a language from now on: English, unless it is one of the others that are here. */
export function speak(wanted: string): void {
  const isChinese = /^zh\b/i.test(wanted.replace("_", "-"));
  const { view, ...others } = isChinese ? chinese : english;
  language = isChinese ? "zh-CN" : "en";
  Object.assign(text, others);
  Object.assign(text.view, view);
}
