/** The sum of all files, and the buttons for all of them. */

import type { JSX } from "preact";
import type { Uploads } from "../engine/uploads";
import type { Summary } from "../protocol";
import { bytes, bytesOf, count, percent } from "../text/format";
import { text } from "../text/text";
import { isPausable, isResumable } from "./actions";
import { Action, Bar } from "./controls";
import { joined, pace } from "./words";

const { view } = text;

export function Overall({ engine }: { engine: Uploads }): JSX.Element {
  const { files } = engine;
  const summary = engine.summary();
  // Only a row's own button takes a file back from another page.
  const stopped = files.filter(
    (upload) => isResumable(upload) && upload.state.name !== "elsewhere",
  );
  const done = files.filter(({ state }) => state.name === "done").length;
  const whole = percent(summary.bytes_done, summary.bytes_total, summary.progress === 1);
  const words = joined(...overallWords(summary));
  const ready = view.filesOf(count(done), count(files.length));
  return (
    <div class="s3up-overall" data-state={summary.state}>
      <div class="s3up-sums" title={words}>
        {words}
      </div>
      <Bar label={view.progressOfAll} percent={whole} words={`${whole} %, ${words}`} />
      <div class="s3up-ready">{ready}</div>
      <div class="s3up-actions">
        {files.some(isPausable) && (
          <Action key="pause" label={view.pauseAll} act={() => engine.pause()} />
        )}
        {stopped.length > 0 && (
          <Action
            key="resume"
            label={view.resumeAll}
            act={() => engine.resume(stopped.map(({ id }) => id))}
          />
        )}
        {done > 0 && <Action key="clear" label={view.clearFinished} act={() => engine.clear()} />}
      </div>
    </div>
  );
}

/** `3.2 of 10.4 GB`, `87 MB/s`, `1 min 22 s left`. */
function overallWords(summary: Summary): string[] {
  const { state, waiting_for, bytes_done, bytes_total } = summary;
  if (state === "done") return [bytes(bytes_total), view.states.done];
  const amount = bytesOf(bytes_done, bytes_total);
  if (state === "uploading") return [amount, ...pace(summary.rate, bytes_total - bytes_done)];
  if (state === "idle") return [amount];
  return [amount, state === "waiting" ? view.waiting[waiting_for] : view.states[state]];
}
