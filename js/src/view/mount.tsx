/** Draws an engine into an element, and removes the drawing again. */

import { render } from "preact";
import type { Uploads } from "../engine/uploads";
import type { WidgetModel } from "../model";
import { guardNearMisses } from "../pick/drop";
import { keepKeys } from "./focus";
import { Panel } from "./panel";

/** @returns How to unmount it; the engine keeps running. */
export function mount(el: HTMLElement, engine: Uploads, model: WidgetModel): () => void {
  const root = document.createElement("div");
  root.className = "s3up";
  keepKeys(root);
  render(<Panel root={root} engine={engine} model={model} />, root);
  el.append(root);
  void engine.refresh();
  const unguard = guardNearMisses(root);
  return () => {
    unguard();
    render(null, root);
    root.remove();
  };
}
