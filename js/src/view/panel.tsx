/** The whole view of one engine. */

import type { JSX } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import type { Detour } from "../engine/ways";
import type { WidgetModel } from "../model";
import { dropped, type Picked, takeDrops, takePastes } from "../pick/drop";
import { filterFolder } from "../pick/filter";
import { text } from "../text/text";
import { Announcer } from "./announcer";
import { Action } from "./controls";
import { useFocusKept } from "./focus";
import { List } from "./list";
import { Message } from "./message";
import { Offers } from "./offers";
import { Overall } from "./overall";
import { usePainting } from "./painting";
import { alreadyListed, leftOut } from "./words";
import { Zone } from "./zone";

const { view } = text;

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
  return (
    <section class="s3up-panel" aria-label={text.view.region}>
      <Zone engine={engine} model={model} over={over} notice={notice} take={take} />
      {engine.ways.detours.map((detour) => (
        <Way key={detour.store} engine={engine} detour={detour} />
      ))}
      <Offers engine={engine} disabled={model.get("disabled")} accept={model.get("accept")} />
      {files.length > 1 && <Overall engine={engine} />}
      {files.length > 0 && <List engine={engine} />}
      <Announcer engine={engine} />
    </section>
  );
}

/** Parts go through the kernel, and why. */
function Way({ engine, detour }: { engine: Uploads; detour: Detour }): JSX.Element {
  const [asked, setAsked] = useState(false);
  const { store, why } = detour;
  return (
    <div class="s3up-way" role="status">
      <span>{why ? view.relayed : view.relayedByChoice}</span>
      {why && <Action label={view.why} spoken={view.why} act={() => setAsked(!asked)} />}
      <Action
        label={view.tryDirect}
        spoken={view.tryDirect}
        act={() => engine.ways.direct(store)}
      />
      {asked && <Message message={why} name="" />}
    </div>
  );
}

interface Picking {
  readonly notice: string;
  readonly over: boolean;
  readonly take: (picked: readonly Picked[], unreadable?: readonly string[]) => void;
}

function usePicking(root: HTMLElement, engine: Uploads, model: WidgetModel): Picking {
  const [notice, setNotice] = useState("");
  const picks = useRef(0);
  const [over, setOver] = useState(false);
  const pick = (all: readonly Picked[], unreadable: readonly string[] = []): void => {
    const sifted = filterFolder(all, model.get("accept"));
    const { picked } = sifted;
    const tooMany = engine.welcome?.multiple === false && picked.length > 1;
    const said = tooMany ? text.view.onlyOne : leftOut(sifted, unreadable);
    setNotice(said);
    picks.current += 1;
    const number = picks.current;
    const listed = (known: readonly string[]): void => {
      // A later pick has a notice of its own.
      if (known.length === 0 || number !== picks.current) return;
      setNotice([said, alreadyListed(known)].filter(Boolean).join(" · "));
    };
    // A kernel of another release would not understand; the zone reports it.
    if (!tooMany && picked.length > 0 && engine.refusal === "")
      void engine.pick(picked).then(listed);
  };
  useLayoutEffect(() => {
    const take = async (transfer: DataTransfer): Promise<void> => {
      if (model.get("disabled")) return;
      setNotice(text.view.reading);
      try {
        const { picked, unreadable } = await dropped(transfer);
        pick(picked, unreadable);
      } catch (error) {
        setNotice(text.view.notRead(String(error)));
      }
    };
    const accepts = (): boolean => !model.get("disabled");
    const hover = (isOver: boolean): void => setOver(isOver && accepts());
    const endDrops = takeDrops(root, accepts, hover, (transfer) => void take(transfer));
    const endPastes = takePastes(root, (transfer) => void take(transfer));
    return () => {
      endDrops();
      endPastes();
    };
  }, [root, engine, model]);
  return { notice, over, take: pick };
}
