/** The anywidget entry: `initialize` makes a model's engine, `render` mounts a view of it. */

import type { AnyWidget } from "@anywidget/types";
import { adopt, engines, type Hosted } from "./engine/registry";
import { type Options, Uploads } from "./engine/uploads";
import type { Channel } from "./kernel/kernel";
import type { Model, WidgetModel } from "./model";
import { PageGuard } from "./page-guard";
import { speak } from "./text/text";
import { mount } from "./view/mount";

function channelOf(model: WidgetModel): Channel {
  return {
    send: (content) => model.send(content),
    listen(hear) {
      model.on("msg:custom", hear);
      return () => model.off("msg:custom", hear);
    },
  };
}

function optionsOf(model: WidgetModel): Options {
  return {
    channel: channelOf(model),
    maxConcurrency: () => model.get("max_concurrency"),
    engines: () => [...engines().values()].map(({ engine }) => engine),
  };
}

function hostedOf(model: WidgetModel): Hosted {
  const hosted = engines().get(model.get("_engine_id"));
  if (hosted === undefined) throw new Error("this widget was not initialized");
  return hosted;
}

function create(options: Options, target: string): Hosted {
  const engine = new Uploads(options);
  const guard = new PageGuard();
  engine.subscribe(() => {
    if (!engine.end.aborted) guard.update(engine.isUnsent, engine.isWorking);
  });
  engine.end.addEventListener("abort", () => guard.update(false, false));
  return { engine, target, views: 0 };
}

/** Must return at once: anywidget gives up a model whose `initialize` takes two seconds. */
function initialize({ model }: { model: WidgetModel }): () => void {
  speak(model.get("locale") || document.documentElement.lang);
  const id = model.get("_engine_id");
  const target = model.get("_target");
  const options = optionsOf(model);
  const adopted = engines().get(id) ?? adopt(target);
  adopted?.engine.connect(options);
  const hosted = adopted ?? create(options, target);
  engines().set(id, hosted);
  model.on("change:max_concurrency", () => hosted.engine.concurrencyChanged());
  return () => {
    // Another model may have adopted the engine since.
    if (engines().get(id) !== hosted) return;
    engines().delete(id);
    hosted.engine.dispose();
  };
}

function render({ model, el }: { model: WidgetModel; el: HTMLElement }): () => void {
  const hosted = hostedOf(model);
  const unmount = mount(el, hosted.engine, model);
  hosted.views += 1;
  return () => {
    hosted.views -= 1;
    unmount();
  };
}

const widget: AnyWidget<Model> = { initialize, render };
export default widget;
