/** The whole view of one engine. */

import type { AnyModel } from "@anywidget/types";
import type { JSX } from "preact";
import { useLayoutEffect, useState } from "preact/hooks";
import { count } from "../format";
import type { Model } from "../index";
import { dropped, type Picked, takeDrops, takePastes } from "../picking";
import { sift } from "../sifting";
import { text } from "../text";
import type { Uploads } from "../uploads";
import { Announcer } from "./announcer";
import { useFocusKept } from "./focus";
import { Offers } from "./offers";
import { Overall } from "./overall";
import { usePainting } from "./painting";
import { Row } from "./row";
import { leftOut } from "./words";
import { Zone } from "./zone";

export type WidgetModel = AnyModel<Model>;

/** Rows that are drawn; the sums are of all files. */
const SHOWN = 200;

interface PanelProps {
  readonly root: HTMLElement;
  readonly engine: Uploads;
  readonly model: WidgetModel;
}

export function Panel({ root, engine, model }: PanelProps): JSX.Element {
  usePainting(root, engine, model);
  useFocusKept(root);
  const { notice, over, take } = usePicking(root, engine, model);
  const { files } = engine;
  const rows = files.slice(0, SHOWN).map((upload) => ({
    upload,
    progress: engine.progressOf(upload),
  }));
  return (
    <section class="s3up-panel" aria-label={text.view.region}>
      <Zone engine={engine} model={model} over={over} notice={notice} take={take} />
      <Offers engine={engine} disabled={model.get("disabled")} accept={model.get("accept")} />
      {files.length > 1 && <Overall engine={engine} />}
      {files.length > 0 && (
        <ul class="s3up-list">
          {rows.map(({ upload, progress }) => (
            <Row key={upload.id} engine={engine} upload={upload} progress={progress} />
          ))}
        </ul>
      )}
      {files.length > SHOWN && (
        <p class="s3up-more">{text.view.more(count(files.length - SHOWN))}</p>
      )}
      <Announcer rows={rows} />
    </section>
  );
}

interface Picking {
  readonly notice: string;
  readonly over: boolean;
  readonly take: (picked: readonly Picked[]) => void;
}

function usePicking(root: HTMLElement, engine: Uploads, model: WidgetModel): Picking {
  const [notice, setNotice] = useState("");
  const [over, setOver] = useState(false);
  const pick = (all: readonly Picked[], unreadable: readonly string[] = []): void => {
    const sifted = sift(all, model.get("accept"));
    const { picked } = sifted;
    const tooMany = engine.welcome?.multiple === false && picked.length > 1;
    setNotice(tooMany ? text.view.onlyOne : leftOut(sifted, unreadable));
    if (!tooMany && picked.length > 0) engine.pick(picked);
  };
  useLayoutEffect(() => {
    const take = async (transfer: DataTransfer): Promise<void> => {
      if (model.get("disabled")) return;
      setNotice(text.view.reading);
      const { picked, unreadable } = await dropped(transfer);
      pick(picked, unreadable);
    };
    const hover = (isOver: boolean): void => setOver(isOver && !model.get("disabled"));
    const endDrops = takeDrops(root, hover, (transfer) => void take(transfer));
    const endPastes = takePastes(root, (transfer) => void take(transfer));
    return () => {
      endDrops();
      endPastes();
    };
  }, [root, engine, model]);
  return { notice, over, take: (picked) => pick(picked) };
}
