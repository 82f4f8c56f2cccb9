/** The way in for files: a button, and a place to drop them. */

import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import type { WidgetModel } from "../model";
import { chosen, type Picked } from "../pick/drop";
import { choose } from "../pick/file-picker";
import { text } from "../text/text";
import { OURS } from "./controls";
import { Icon } from "./icons";

const { view } = text;

interface ZoneProps {
  readonly engine: Uploads;
  readonly model: WidgetModel;
  /** Whether files are held over it. */
  readonly over: boolean;
  /** The problem with the last pick, or what it waits for; often empty. */
  readonly notice: string;
  readonly take: (picked: readonly Picked[], unreadable?: readonly string[]) => void;
}

export function Zone({ engine, model, over, notice, take }: ZoneProps): JSX.Element {
  const input = useRef<HTMLInputElement>(null);
  const { welcome } = engine;
  const disabled = model.get("disabled");
  const connecting = engine.refusal || engine.deafness ? "" : view.connecting;
  const destination = welcome ? view.goesTo(welcome.destination) : connecting;
  const trouble = engine.refusal || notice;
  // Once there are files, their rows report their own problems.
  const unreached = engine.files.length === 0 ? engine.reachability.unreached : "";
  return (
    <div class={zoneClass(over, engine.files.length === 0, disabled)}>
      <button
        type="button"
        class="s3up-button s3up-primary"
        disabled={disabled}
        onClick={() => input.current && void choose(input.current, take)}
        {...OURS}
      >
        <Icon name="upload" />
        {model.get("description")}
      </button>
      <label class="s3up-invitation">
        <span class="s3up-hint">{over ? view.letGo : hint(welcome)}</span>
        <span class="s3up-destination" title={welcome?.destination}>
          {destination}
        </span>
        <input
          ref={input}
          class="s3up-hidden"
          type="file"
          tabIndex={-1}
          accept={model.get("accept")}
          multiple={welcome?.multiple ?? true}
          disabled={disabled}
          {...{ webkitdirectory: welcome?.directory ?? false }}
          onClick={({ currentTarget }) => {
            // Otherwise, picking the same file twice would be no change.
            currentTarget.value = "";
          }}
          onChange={({ currentTarget: { files } }) => files && take(chosen(files))}
          {...OURS}
        />
      </label>
      <div class="s3up-notice" role="alert">
        {trouble}
      </div>
      <div class="s3up-unreached" role="status">
        {engine.deafness || (unreached && view.unreached(unreached))}
      </div>
    </div>
  );
}

function zoneClass(over: boolean, empty: boolean, disabled: boolean): string {
  const moods = [over && "s3up-over", empty && "s3up-empty", disabled && "s3up-disabled"];
  return ["s3up-zone", ...moods.filter(Boolean)].join(" ");
}

function hint(welcome: Uploads["welcome"]): string {
  if (welcome?.directory) return view.dropFolder;
  return welcome?.multiple === false ? view.dropFile : view.dropFiles;
}
