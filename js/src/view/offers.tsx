/** Unfinished uploads: to continue, to put off, or to discard. */

import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Uploads } from "../engine/uploads";
import { chosen, type Picked } from "../pick/drop";
import { choose, reread } from "../pick/file-picker";
import type { UnfinishedUpload } from "../protocol";
import type { Offer } from "../resume/offers";
import { ago, bytes, bytesOf, percent } from "../text/format";
import { text } from "../text/text";
import { about, Question } from "./actions";
import { Action, Bar, Name, OURS } from "./controls";
import { Icon } from "./icons";
import { joined, shown } from "./words";

const { view } = text;

/** A part younger than this shows that somebody is sending; milliseconds. */
const FRESH_MS = 15 * 60 * 1000;

interface OffersProps {
  readonly engine: Uploads;
  readonly disabled: boolean;
  readonly accept: string;
}

export function Offers({ engine, disabled, accept }: OffersProps): JSX.Element {
  const { offers, offered } = engine;
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef<Offer | undefined>(undefined);
  const take = ([picked]: readonly Picked[]): void => {
    if (asked.current && picked) engine.continue(asked.current, picked);
  };
  const resume = async (offer: Offer): Promise<void> => {
    asked.current = offer;
    const handle = offer.remembered?.handle;
    const file = handle && (await reread(handle));
    if (file) take([{ file, path: offer.remembered?.path ?? file.name, handle }]);
    else if (input.current) await choose(input.current, take);
  };
  const empty = offered.length === 0 && offers.othersTotal === 0 && offers.problem === "";
  return (
    <section class="s3up-offers" aria-label={view.unfinished} hidden={empty}>
      {offered.length > 0 && (
        <h3 class="s3up-heading">
          {view.unfinished}
          <input
            ref={input}
            class="s3up-hidden"
            type="file"
            tabIndex={-1}
            accept={accept}
            aria-hidden="true"
            onChange={({ currentTarget: { files } }) => files && take(chosen(files))}
            onClick={({ currentTarget }) => {
              currentTarget.value = "";
            }}
            {...OURS}
          />
        </h3>
      )}
      <ul class="s3up-list">
        {offered.map((offer) => (
          <OfferRow
            key={offer.upload_id}
            {...{ engine, offer, disabled }}
            resume={() => resume(offer)}
          />
        ))}
      </ul>
      {offers.othersTotal > 0 && (
        <p class="s3up-others">
          {view.others(offers.othersTotal)}{" "}
          {offers.others.length === 0 && (
            <Action label={view.showOthers} act={() => void engine.showOthers()} />
          )}
        </p>
      )}
      <ul class="s3up-list">
        {offers.others.map((upload) => (
          <OtherRow key={upload.upload_id} engine={engine} upload={upload} />
        ))}
      </ul>
      <p class="s3up-problem">{offers.problem}</p>
    </section>
  );
}

interface OfferRowProps {
  readonly engine: Uploads;
  readonly offer: Offer;
  readonly disabled: boolean;
  readonly resume: () => Promise<void>;
}

function OfferRow({ engine, offer, disabled, resume }: OfferRowProps): JSX.Element {
  const { offers } = engine;
  const later = offers.isLater(offer);
  const name = shown(offer.name);
  return (
    <UploadRow engine={engine} upload={offer} question={view.discardWhatWasSent}>
      {offers.isHeld(offer) && <p class="s3up-held">{view.held}</p>}
      <Action
        {...about(later ? view.resume : view.continue, name)}
        kind={later ? undefined : "primary"}
        disabled={disabled}
        act={() => void resume()}
      />
      {!later && <Action {...about(view.later, name)} act={() => offers.later(offer)} />}
    </UploadRow>
  );
}

function OtherRow(props: { engine: Uploads; upload: UnfinishedUpload }): JSX.Element {
  return <UploadRow {...props} question={view.discardOthers} />;
}

interface UploadRowProps {
  readonly engine: Uploads;
  readonly upload: UnfinishedUpload;
  readonly question: string;
  readonly children?: JSX.Element | readonly (JSX.Element | false)[];
}

function UploadRow({ engine, upload, question, children }: UploadRowProps): JSX.Element {
  const [asks, setAsks] = useState(false);
  const { offers } = engine;
  const { size, bytes_done } = upload;
  const name = shown(upload.name);
  const done = percent(bytes_done, size, false);
  const discard = (): void => {
    setAsks(!asks);
    if (asks) void offers.discard(upload);
  };
  return (
    <li class="s3up-offer" data-name={upload.name} data-state="paused">
      <span class="s3up-badge">
        <Icon name="paused" />
      </span>
      <div class="s3up-title">
        <Name name={name} />
        {size > 0 && <span class="s3up-percent">{done} %</span>}
      </div>
      {size > 0 && <Bar label={view.progressOf(name)} percent={done} words={`${done} %`} />}
      <p class="s3up-facts">{facts(upload)}</p>
      {offers.isDiscarding(upload) ? (
        <p class="s3up-facts">{view.discarding}</p>
      ) : asks ? (
        <Question {...{ name, question, discard }} keep={() => setAsks(false)} />
      ) : (
        <div class="s3up-choices">
          {children}
          <Action {...about(view.discard, name)} act={discard} />
        </div>
      )}
    </li>
  );
}

/** `3.2 of 10.4 GB on S3 · started 2 hours ago · last part 5 minutes ago`. */
function facts({
  own,
  size,
  bytes_done,
  parts_done,
  started,
  last_part_at,
  initiator,
}: UnfinishedUpload): string {
  const amount = size > 0 ? bytesOf(bytes_done, size) : bytes(bytes_done);
  const foreign = own
    ? []
    : [initiator && view.by(initiator), Date.now() - last_part_at < FRESH_MS && view.inProgress];
  return joined(
    view.onS3(amount),
    ...(started > 0 ? [view.began(ago(started))] : []),
    ...(parts_done === 0 ? [view.noPart] : []),
    ...(parts_done > 0 && last_part_at > 0 ? [view.lastPart(ago(last_part_at))] : []),
    ...foreign.filter((fact) => typeof fact === "string" && fact !== "").map(String),
  );
}
