/** The buttons of one file, each only while it makes sense. */

import type { JSX } from "preact";
import type { Uploads } from "../engine/uploads";
import { text } from "../text/text";
import type { StateName } from "../upload/states";
import type { Upload } from "../upload/upload";
import { Action } from "./controls";

const { view } = text;

/** Policy refused the file as it is: trying again changes nothing. */
const FINAL = new Set(["too_large", "not_accepted", "key_refused"]);

interface RowActionsProps {
  readonly engine: Uploads;
  readonly upload: Upload;
  readonly name: string;
  readonly discard: () => void;
  /** Whether the row asks if it should delete what was sent. */
  readonly asks: boolean;
}

/** States whose choices include a way to discard the file. */
const OFFERS_DISCARD = new Set<StateName>(["conflict", "otherFile"]);

/** Two places that are always there, so that no row jumps and each button keeps its place. */
export function RowActions(props: RowActionsProps): JSX.Element {
  const { engine, upload, name, discard, asks } = props;
  const { id, state } = upload;
  const spoken = (label: string): { label: string; spoken: string } => about(label, name);
  const drop = state.name === "refused" && !upload.isOnS3 ? view.remove : view.discard;
  return (
    <div class="s3up-actions">
      <span class="s3up-place">
        {isPausable(upload) && (
          <Action {...spoken(view.pause)} icon="pause" act={() => engine.pause([id])} />
        )}
        {upload.isPaused && (
          <Action {...spoken(view.resume)} icon="resume" act={() => engine.resume([id])} />
        )}
      </span>
      <span class="s3up-place">
        {isDiscardable(upload) && !OFFERS_DISCARD.has(state.name) && !asks && (
          <Action
            {...spoken(drop)}
            icon={drop === view.remove ? "clear" : "discard"}
            act={discard}
          />
        )}
        {state.name === "done" && (
          <Action {...spoken(view.clear)} icon="clear" act={() => engine.clear([id])} />
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
        <Action {...about(view.discard, name)} kind="danger" act={discard} />
        <Action {...about(view.keep, name)} focused act={keep} />
      </span>
    </div>
  );
}

/** A button of a message, and its action. */
export type Choice = readonly [label: string, act: () => void];

/** The choices that follow a problem. */
export function choicesOf(engine: Uploads, upload: Upload, skip: () => void): readonly Choice[] {
  const { id, state } = upload;
  const again = (): void => engine.resume([id]);
  switch (state.name) {
    case "conflict":
      return [
        ...comparison(upload),
        [view.overwrite, () => upload.resolve("overwrite")],
        [view.keepBoth, () => upload.resolve("rename")],
        [view.skip, skip],
      ];
    case "otherFile":
      return [
        [view.back, () => void engine.abort([id])],
        [view.startOver, () => void engine.startOver(upload)],
      ];
    case "differs":
      return [[view.resume, () => upload.sendDiffering()]];
    case "refused":
      return isResumable(upload) ? [[view.retry, again]] : [];
    case "failed":
    case "elsewhere":
      return isResumable(upload) ? [[view.resume, again]] : [];
    case "uploading": {
      // Shown with what keeps the page from the store; the kernel may reach it.
      const { store } = state.work.plan;
      return engine.mayRelay(store) ? [[view.relay, () => engine.ways.relay(store)]] : [];
    }
    default:
      return [];
  }
}

/** What S3 says nothing of, the kernel can read back. */
function comparison(upload: Upload): readonly Choice[] {
  const { state } = upload;
  const isOffered = "problem" in state && state.problem.code === "incomparable";
  return isOffered ? [[view.readBack, () => upload.resolve("read")]] : [];
}

interface ChoicesProps {
  readonly name: string;
  readonly choices: readonly Choice[];
}

export function Choices({ name, choices }: ChoicesProps): JSX.Element | null {
  if (choices.length === 0) return null;
  return (
    <div class="s3up-choices">
      {choices.map(([label, act]) => (
        <Action key={label} {...about(label, name)} act={act} />
      ))}
    </div>
  );
}

/** Many buttons have the same label: a screen reader adds the file's name. */
export function about(label: string, name: string): { label: string; spoken: string } {
  return { label, spoken: `${label} ${name}` };
}

export function isPausable({ isPaused, state: { name } }: Upload): boolean {
  return !isPaused && ["picked", "queued", "comparing", "checking", "uploading"].includes(name);
}

/** Whether it was paused, taken over, or failed for a reason that may be gone. */
export function isResumable({ isPaused, state }: Upload): boolean {
  if (state.name === "refused" || state.name === "failed") return !FINAL.has(state.problem.code);
  return isPaused || state.name === "elsewhere";
}

export function isDiscardable({ state: { name } }: Upload): boolean {
  return name !== "done" && name !== "completing" && name !== "aborting";
}
