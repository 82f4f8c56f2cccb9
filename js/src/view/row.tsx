/** One file. */

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { percent } from "../format";
import type { FileProgress } from "../protocol";
import { text } from "../text";
import type { Upload } from "../upload";
import type { Uploads } from "../uploads";
import { Action, Bar, Copyable } from "./controls";
import { Icon } from "./icons";
import { Message } from "./message";
import { Name } from "./name";
import { isConflict, joined, nameOf, numbers, stateWords } from "./words";

const { view } = text;

/** Policy refused the file as it is: trying again changes nothing. */
const FINAL = new Set(["other_file", "refused", "too_large", "not_accepted", "key_refused"]);

interface RowProps {
  readonly engine: Uploads;
  readonly upload: Upload;
  readonly progress: FileProgress;
}

/** Drawn anew only when something of it changed: of many rows, few move. */
export function Row(props: RowProps): JSX.Element {
  const { engine, upload, progress } = props;
  const { state, waiting_for, bytes_done, error } = progress;
  const facts = [engine, upload.state, upload.note, state, waiting_for, bytes_done, error];
  return useMemo(
    () => <Body {...props} />,
    [...facts, upload.rate.perSecond, upload.comparison?.share],
  );
}

function Body({ engine, upload, progress }: RowProps): JSX.Element {
  const [asked, setAsked] = useState(false);
  const name = nameOf(upload);
  const { state, bytes_done, error } = progress;
  const done = percent(bytes_done, upload.file.size, state === "done");
  const sends = upload.state.name !== "refused";
  const asks = asked && isDiscardable(upload);
  const words = joined(stateWords(upload, progress), numbers(upload, progress));
  const discard = (): void => {
    setAsked(!asked && bytes_done > 0);
    if (asked || bytes_done === 0) void engine.abort([upload.id]);
  };
  return (
    <li class="s3up-row" data-state={state} data-name={upload.file.name}>
      <span class="s3up-badge">
        <Icon name={state} />
      </span>
      <div class="s3up-title">
        <Name name={name} />
        {sends && <span class="s3up-percent">{done} %</span>}
      </div>
      <RowActions {...{ engine, upload, name, discard, asks }} />
      {sends && <Bar label={view.progressOf(name)} percent={done} words={`${done} %, ${words}`} />}
      {asks ? (
        <Question name={name} discard={discard} keep={() => setAsked(false)} />
      ) : (
        <Status upload={upload} progress={progress} name={name} />
      )}
      {error && <Message message={error} />}
      {upload.note && state !== "done" && <p class="s3up-note">{upload.note}</p>}
      {isConflict(upload) && !asks && <Conflict upload={upload} name={name} skip={discard} />}
      {isOther(upload) && <Other {...{ engine, upload, name }} />}
    </li>
  );
}

function Status(props: { upload: Upload; progress: FileProgress; name: string }): JSX.Element {
  const { upload, progress, name } = props;
  const { state } = upload;
  return (
    <div class="s3up-status">
      <span class="s3up-state">{stateWords(upload, progress)}</span>
      <span class="s3up-numbers">{numbers(upload, progress)}</span>
      {state.name === "done" && (
        <Copyable tag="code" content={state.work.plan.uri} spoken={view.copyUri(name)} />
      )}
    </div>
  );
}

interface RowActionsProps {
  readonly engine: Uploads;
  readonly upload: Upload;
  readonly name: string;
  readonly discard: () => void;
  /** Whether the row asks if what was sent shall be deleted. */
  readonly asks: boolean;
}

/** Two places that are always kept, so that no row jumps and each button stays where it was. */
function RowActions({ engine, upload, name, discard, asks }: RowActionsProps): JSX.Element {
  const { id, state } = upload;
  const about = (label: string): { label: string; spoken: string } => ({
    label,
    spoken: `${label} ${name}`,
  });
  const pausable = isPausable(upload);
  const label = pausable ? view.pause : state.name === "refused" ? view.retry : view.resume;
  const drop = state.name === "refused" ? view.remove : view.discard;
  return (
    <div class="s3up-actions">
      <span class="s3up-place">
        {(pausable || isResumable(upload)) && (
          <Action
            {...about(label)}
            icon={pausable ? "pause" : state.name === "paused" ? "resume" : "retry"}
            act={() => (pausable ? engine.pause([id]) : engine.resume([id]))}
          />
        )}
      </span>
      <span class="s3up-place">
        {isDiscardable(upload) && !isConflict(upload) && !isOther(upload) && !asks && (
          <Action
            {...about(drop)}
            icon={drop === view.remove ? "clear" : "discard"}
            act={discard}
          />
        )}
        {state.name === "done" && (
          <Action {...about(view.clear)} icon="clear" act={() => engine.clear([id])} />
        )}
      </span>
    </div>
  );
}

interface QuestionProps {
  readonly name: string;
  readonly question?: string;
  readonly discard: () => void;
  readonly keep: () => void;
}

export function Question(props: QuestionProps): JSX.Element {
  const { name, question = view.discardWhatWasSent, discard, keep } = props;
  return (
    <div class="s3up-status s3up-question">
      <span class="s3up-state">{question}</span>
      <span class="s3up-choices">
        <Action
          label={view.discard}
          spoken={`${view.discard} ${name}`}
          kind="danger"
          act={discard}
        />
        <Action label={view.keep} spoken={`${view.keep} ${name}`} focused act={keep} />
      </span>
    </div>
  );
}

function Conflict(props: { upload: Upload; name: string; skip: () => void }): JSX.Element {
  const { upload, name, skip } = props;
  return (
    <Choices
      name={name}
      choices={[
        [view.overwrite, () => upload.resolve("overwrite")],
        [view.keepBoth, () => upload.resolve("rename")],
        [view.skip, skip],
      ]}
    />
  );
}

/** The file is not the one that was begun. */
function Other(props: { engine: Uploads; upload: Upload; name: string }): JSX.Element {
  const { engine, upload, name } = props;
  return (
    <Choices
      name={name}
      choices={[
        [view.back, () => void engine.abort([upload.id])],
        [view.startOver, () => void engine.startOver(upload)],
      ]}
    />
  );
}

interface ChoicesProps {
  readonly name: string;
  readonly choices: readonly (readonly [label: string, act: () => void])[];
}

function Choices({ name, choices }: ChoicesProps): JSX.Element {
  return (
    <div class="s3up-choices">
      {choices.map(([label, act]) => (
        <Action key={label} label={label} spoken={`${label} ${name}`} act={act} />
      ))}
    </div>
  );
}

function isOther({ state }: Upload): boolean {
  return state.name === "refused" && state.problem.code === "other_file";
}

export function isPausable({ state: { name } }: Upload): boolean {
  return ["queued", "comparing", "checking", "uploading"].includes(name);
}

function isResumable(upload: Upload): boolean {
  const { state } = upload;
  if (state.name === "paused") return true;
  return "problem" in state && !isConflict(upload) && !FINAL.has(state.problem.code);
}

function isDiscardable({ state: { name } }: Upload): boolean {
  return name !== "done" && name !== "completing" && name !== "aborting";
}
