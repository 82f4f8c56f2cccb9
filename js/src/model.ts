/** What the page sees of the kernel's widget. */

import type { AnyModel } from "@anywidget/types";

/** The synced traits; those that tell of progress are the kernel's to set. */
export interface Model {
  readonly _engine_id: string;
  readonly _target: string;
  readonly max_concurrency: number;
  readonly disabled: boolean;
  readonly description: string;
  readonly accept: string;
  readonly locale: string;
}

export type WidgetModel = AnyModel<Model>;
