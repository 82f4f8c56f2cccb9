/** The files, of which only those in sight are drawn. */

import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import { text } from "../text/text";
import { Row } from "./row";
import { useWindow } from "./windowed";

export function List({ engine }: { engine: Uploads }): JSX.Element {
  const list = useRef<HTMLUListElement>(null);
  const { files } = engine;
  const { drawn, after } = useWindow(
    list,
    files.map(({ id }) => id),
  );
  return (
    <ul
      ref={list}
      class="s3up-list"
      aria-label={text.view.files}
      style={{ "--s3up-after": `${after}px` }}
    >
      {drawn.map(({ index, gap }) => {
        const upload = files[index];
        return (
          upload && (
            <Row
              key={upload.id}
              engine={engine}
              upload={upload}
              progress={engine.progressOf(upload)}
              place={{ index, total: files.length, gap }}
            />
          )
        );
      })}
    </ul>
  );
}
