/** What the page sees of the kernel's widget. */

import type { AnyModel } from "@anywidget/types";

/** The synced traits; those that tell of progress are the kernel's to set. */
export interface Model {
  readonly _engine_id: string;
  readonly _target: string;
  readonly _cell: string;
  /** Null where the page decides. */
  readonly max_concurrency: number | null;
  readonly disabled: boolean;
  readonly description: string;
  readonly accept: string;
  readonly locale: string;
  readonly uris: readonly string[];
  readonly state: string;
  /** The page's to set: see `noteForMarimo`. */
  _seen: number;
}

export type WidgetModel = AnyModel<Model>;

/** What Jupyter's widget managers make of it, behind anywidget's proxy. */
interface JupyterModel {
  readonly comm: {
    send(data: object): void;
    on_msg(hear: (message: object) => void): void;
  };
  _handle_comm_msg(message: object): Promise<void>;
}

const EMPTY = { content: { data: {} }, buffers: [] };

/**
 * Hear the kernel even if anywidget gave the model up: it does where the code was not loaded within
 * two seconds, draws the widget all the same, and loses each message to it (0.11.0, `Runtime.ready`).
 */
export function hearWhenGivenUp(model: WidgetModel): void {
  const seen = model.get("_seen");
  const found = (own: unknown): void => {
    if (isJupyterModel(own)) own._handle_comm_msg(EMPTY).catch(() => hearPastAnywidget(own));
  };
  // Only its events tell a widget of its own model.
  model.on("change:_seen", found);
  model.set("_seen", seen + 1);
  model.off("change:_seen", found);
  model.set("_seen", seen);
}

function hearPastAnywidget(own: JupyterModel): void {
  const base: JupyterModel = Object.getPrototypeOf(Object.getPrototypeOf(own));
  own.comm.on_msg((message) => base._handle_comm_msg.call(own, message));
  own.comm.send({ method: "request_state" });
}

function isJupyterModel(thing: unknown): thing is JupyterModel {
  if (typeof thing !== "object" || thing === null) return false;
  return "_handle_comm_msg" in thing && "comm" in thing && thing.comm !== undefined;
}
