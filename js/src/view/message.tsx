/** A problem and its remedy, in full; JSON in it is set apart, ready to copy. */

import type { ComponentChildren, JSX } from "preact";
import { text } from "../text/text";
import { Copyable } from "./copyable";

interface MessageProps {
  readonly message: string;
  /** The file's name, as the row shows it; empty outside of a row. */
  readonly name: string;
  /** The buttons below the message. */
  readonly children?: ComponentChildren;
}

export function Message({ message, name, children }: MessageProps): JSX.Element {
  const { before, json, after } = apart(message);
  return (
    <div class="s3up-message">
      {before && <p class={isSentence(before, name) ? "s3up-sentence" : undefined}>{before}</p>}
      {json && <Copyable tag="pre" content={json} spoken={text.view.copyRule} />}
      {after && <p>{after}</p>}
      {children}
    </div>
  );
}

/** Python's messages start with a small letter; a name or an address keeps its own. */
function isSentence(message: string, name: string): boolean {
  return (name === "" || !message.startsWith(name)) && /^[a-z]+ /.test(message);
}

interface Apart {
  readonly before: string;
  readonly json: string;
  readonly after: string;
}
/** Split a text at its first JSON document, which starts a line or follows a colon. */
export function apart(message: string): Apart {
  for (const { index } of message.matchAll(/(?<=^|\n|: )[[{]/g)) {
    const closing = message[index] === "[" ? "]" : "}";
    for (let end = message.lastIndexOf(closing); end > index; ) {
      const json = message.slice(index, end + 1);
      const [before, pretty, after] = [
        message.slice(0, index),
        indented(json),
        message.slice(end + 1),
      ];
      if (pretty !== "") return { before: before.trim(), json: pretty, after: after.trim() };
      end = message.lastIndexOf(closing, end - 1);
    }
  }
  return { before: message, json: "", after: "" };
}

/** JSON, indented, with lists of one word on one line; empty if the text is not JSON. */
function indented(json: string): string {
  try {
    const pretty = JSON.stringify(JSON.parse(json), undefined, 2);
    return pretty.replace(/\[\s+("(?:[^"\\]|\\.)*")\s+\]/g, "[$1]");
  } catch {
    return "";
  }
}
