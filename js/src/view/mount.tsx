import type { AnyModel } from "@anywidget/types";
import type { Model } from "../index";
import type { Uploads } from "../uploads";

export function mount(el: HTMLElement, engine: Uploads, model: AnyModel<Model>): () => void {
  void engine;
  void model;
  void el;
  return () => {};
}
