/** One file. */

import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import type { FileProgress, PlannedFile } from "../protocol";
import { percent } from "../text/format";
import { snippets } from "../text/snippets";
import { text } from "../text/text";
import type { Parts } from "../upload/parts";
import { isWithoutPlan } from "../upload/states";
import type { Upload } from "../upload/upload";
import { Choices, choicesOf, isDiscardable, Question, RowActions } from "./actions";
import { Bar, Name } from "./controls";
import { Copyable } from "./copyable";
import { Icon } from "./icons";
import { CopyMenu } from "./menu";
import { Message } from "./message";
import { joined, nameOf, noteOf, numbers, stateWords } from "./words";

const { view } = text;

/** A row's place in a list that does not draw all of its rows. */
export interface Place {
  readonly index: number;
  readonly total: number;
  /** CSS pixels of the rows before it that are not drawn. */
  readonly gap: number;
}

interface RowProps {
  readonly engine: Uploads;
  readonly upload: Upload;
  readonly progress: FileProgress;
  readonly place: Place;
}

/** Drawn again only when something of it changed: of many rows, few move. */
export function Row(props: RowProps): JSX.Element {
  const { engine, upload, progress, place } = props;
  const { state, waiting_for, bytes_done, error } = progress;
  const facts = [engine, upload.state, upload.note, state, waiting_for, bytes_done, error];
  const moves = [
    upload.rate.perSecond,
    upload.rate.still,
    upload.comparison?.share,
    partsOf(upload)?.ahead,
  ];
  const where = [place.index, place.total, place.gap];
  return useMemo(() => <Body {...props} />, [...facts, ...moves, ...where]);
}

function Body({ engine, upload, progress, place }: RowProps): JSX.Element {
  const [asked, setAsked] = useState(false);
  const name = nameOf(upload);
  const { state, bytes_done, error } = progress;
  const size = partsOf(upload)?.size ?? upload.file.size;
  const done = percent(bytes_done, size, state === "done");
  const sends = !isWithoutPlan(upload.state);
  const asks = asked && isDiscardable(upload);
  const words = joined(stateWords(upload, progress), numbers(upload, progress));
  // S3 keeps nothing of a single PUT that met another object; another page keeps what it took over.
  const refused = upload.state.name === "conflict" && upload.address.uploadId === "";
  const precious =
    (bytes_done > 0 || upload.isOnS3) && !refused && upload.state.name !== "elsewhere";
  const note = noteOf(upload);
  const discard = (): void => {
    setAsked(!asked && precious);
    if (asked || !precious) void engine.abort([upload.id]);
  };
  return (
    <li
      class="s3up-row"
      data-id={upload.id}
      data-name={upload.file.name}
      data-state={state}
      aria-posinset={place.index + 1}
      aria-setsize={place.total}
      style={{ marginBlockStart: `${place.gap}px` }}
    >
      <span class="s3up-badge">
        <Icon name={state} />
      </span>
      <div class="s3up-title">
        <Name name={name} />
        {sends && state !== "done" && <span class="s3up-percent">{done} %</span>}
      </div>
      <RowActions {...{ engine, upload, name, discard, asks }} />
      {sends && (
        <Bar
          label={view.progressOf(name)}
          percent={done}
          words={`${done} %, ${words}`}
          parts={severalParts(upload)}
        />
      )}
      {asks ? (
        <Question name={name} discard={discard} keep={() => setAsked(false)} />
      ) : (
        <Status upload={upload} progress={progress} name={name} />
      )}
      {error && (
        <Message message={error} name={name}>
          {!asks && <Choices name={name} choices={choicesOf(engine, upload, discard)} />}
        </Message>
      )}
      {note && <p class="s3up-note">{note}</p>}
    </li>
  );
}

function Status(props: { upload: Upload; progress: FileProgress; name: string }): JSX.Element {
  const { upload, progress, name } = props;
  return (
    <div class="s3up-status">
      <span class="s3up-state">{stateWords(upload, progress)}</span>
      <span class="s3up-numbers">{numbers(upload, progress)}</span>
      {upload.state.name === "done" && <Address plan={upload.state.work.plan} name={name} />}
    </div>
  );
}

/** The file's address on S3, and code that reads it there. */
function Address({ plan, name }: { plan: PlannedFile; name: string }): JSX.Element {
  const { uri, endpoint } = plan;
  const items = snippets({ uri, name, endpoint }).map(({ tool, code }) => ({
    label: tool,
    content: code,
  }));
  return (
    <div class="s3up-address">
      <Copyable tag="code" content={uri} spoken={view.copyUri(name)} />
      <CopyMenu label={view.code} spoken={view.copyCode(name)} items={items} />
    </div>
  );
}

function partsOf({ state }: Upload): Parts | undefined {
  return "work" in state ? state.work.parts : undefined;
}

/** A file that goes as one PUT has no parts to tell apart, and a finished one needs none. */
function severalParts(upload: Upload): Parts | undefined {
  const parts = partsOf(upload);
  return parts && parts.total > 1 && upload.state.name !== "done" ? parts : undefined;
}
