/** The anywidget entry: `initialize` makes a model's engine, `render` mounts a view of it. */

import type { AnyModel, AnyWidget } from "@anywidget/types";
import type { Line } from "./kernel";
import { engines } from "./registry";
import { Uploads } from "./uploads";
import { mount } from "./view/mount";

/** The synced traits; those that tell of progress are the kernel's to set. */
export interface Model {
  readonly _engine_id: string;
  readonly max_concurrency: number;
  readonly disabled: boolean;
  readonly description: string;
  readonly accept: string;
}

function lineOf(model: AnyModel<Model>): Line {
  return {
    send: (content) => model.send(content),
    listen(hear) {
      model.on("msg:custom", hear);
      return () => model.off("msg:custom", hear);
    },
  };
}

/** The engine of a model. */
export function engineOf(model: AnyModel<Model>): Uploads {
  const engine = engines().get(model.get("_engine_id"));
  if (engine === undefined) throw new Error("this widget was not initialized");
  return engine;
}

/** Must return at once: anywidget gives up a model whose `initialize` takes two seconds. */
function initialize({ model }: { model: AnyModel<Model> }): () => void {
  const id = model.get("_engine_id");
  const maxConcurrency = (): number => model.get("max_concurrency");
  const engine = engines().get(id) ?? new Uploads({ line: lineOf(model), maxConcurrency });
  if (engines().has(id)) engine.connect({ line: lineOf(model), maxConcurrency });
  engines().set(id, engine);
  model.on("change:max_concurrency", () => engine.concurrencyChanged());
  return () => {
    engine.dispose();
    engines().delete(id);
  };
}

function render({ model, el }: { model: AnyModel<Model>; el: HTMLElement }): () => void {
  return mount(el, engineOf(model), model);
}

const widget: AnyWidget<Model> = { initialize, render };
export default widget;
