/** The anywidget entry: `initialize` makes a model's engine, `render` mounts a view of it. */

import type { AnyWidget } from "@anywidget/types";
import { adopt, engines, type Hosted } from "./engine/registry";
import { type Options, Uploads } from "./engine/uploads";
import type { Channel } from "./kernel/kernel";
import { hearWhenGivenUp, type Model, type WidgetModel } from "./model";
import { PageGuard } from "./page-guard";
import { speak } from "./text/text";
import { mount } from "./view/mount";

/** JupyterLab's words for a kernel whose websocket is gone, for now or for good. */
const BROKEN: ReadonlySet<unknown> = new Set(["connecting", "disconnected"]);

function channelOf(model: WidgetModel): Channel {
  return {
    send: (content, buffers) => model.send(content, undefined, [...buffers]),
    isIdle: () => ofKernel(model, "status") === "idle",
    isConnected: () => !BROKEN.has(ofKernel(model, "connectionStatus")),
    listen(hear) {
      model.on("msg:custom", hear);
      return () => model.off("msg:custom", hear);
    },
  };
}

/** Jupyter's widget managers know their kernel; what other hosts give has none. */
function ofKernel(model: WidgetModel, name: string): unknown {
  return inside(inside(model.widget_manager, "kernel"), name);
}

function inside(thing: unknown, name: string): unknown {
  return typeof thing === "object" && thing !== null ? Reflect.get(thing, name) : undefined;
}

function optionsOf(model: WidgetModel): Options {
  return {
    channel: channelOf(model),
    maxConcurrency: () => model.get("max_concurrency") ?? Number.POSITIVE_INFINITY,
    engines: () => [...engines().values()].map(({ engine }) => engine),
  };
}

/** The model's engine; a new one if another widget took over the one that it had. */
function hostedOf(model: WidgetModel): Hosted {
  const id = model.get("_engine_id");
  const hosted = engines().get(id) ?? create(model);
  engines().set(id, hosted);
  return hosted;
}

function create(model: WidgetModel): Hosted {
  const engine = new Uploads(optionsOf(model));
  const guard = new PageGuard();
  engine.subscribe(() => {
    if (!engine.end.aborted) guard.update(engine.isUnsent, engine.isWorking);
  });
  engine.end.addEventListener("abort", () => guard.update(false, false));
  return { engine, target: model.get("_target"), cell: model.get("_cell"), views: 0 };
}

/** marimo runs a cell that reads the widget again when the page sets a trait, never else. */
function noteForMarimo(model: WidgetModel): void {
  model.on("change:uris", () => {
    model.set("_seen", model.get("_seen") + 1);
    model.save_changes();
  });
}

/** Another page may show the same widget, in real-time collaboration: what that sends is offered. */
function noteOtherPages(model: WidgetModel, hosted: Hosted | undefined): void {
  if (hosted === undefined || hosted.views === 0 || hosted.engine.isWorking) return;
  if (hosted.engine.summary().state !== model.get("state")) void hosted.engine.listAnew();
}

/** Must return at once: anywidget gives up a model whose `initialize` takes two seconds. */
function initialize({ model }: { model: WidgetModel }): () => void {
  speak(model.get("locale") || document.documentElement.lang);
  hearWhenGivenUp(model);
  const id = model.get("_engine_id");
  const own = engines().get(id);
  const adopted = own ?? adopt(model.get("_target"), model.get("_cell"));
  if (own === undefined) adopted?.engine.handOver();
  adopted?.engine.connect(optionsOf(model));
  engines().set(id, adopted ?? create(model));
  model.on("change:max_concurrency", () => engines().get(id)?.engine.concurrencyChanged());
  model.on("change:state", () => noteOtherPages(model, engines().get(id)));
  if (customElements.get("marimo-anywidget")) noteForMarimo(model);
  return () => {
    // Another model may have adopted the engine since.
    engines().get(id)?.engine.dispose();
    engines().delete(id);
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
