/** How files come into the list of one widget: picked, picked again, or to go on with an upload. */

import { Arrivals } from "./arrivals";
import { bytes } from "./format";
import { randomId } from "./kernel";
import type { Offer, Offers } from "./offers";
import type { Picked } from "./picking";
import type { Rate } from "./rate";
import type { Roster } from "./roster";
import type { Tally } from "./tally";
import { text } from "./text";
import { type Surroundings, Upload } from "./upload";

export interface Desk extends Surroundings {
  readonly offers: Offers;
  readonly rate: Rate;
}

export class Intake {
  readonly #desk: Desk;
  readonly #roster: Roster;
  readonly #tally: Tally;
  readonly #arrivals: Arrivals;

  /** @param arrived is told of all new files, once the last one of a pick is in the list. */
  constructor(
    desk: Desk,
    roster: Roster,
    tally: Tally,
    arrived: (uploads: readonly Upload[]) => void,
  ) {
    this.#desk = desk;
    this.#roster = roster;
    this.#tally = tally;
    this.#arrivals = new Arrivals((picked) => this.#arrive(picked), arrived);
  }

  /** Take files in, in this order. */
  pick(picked: readonly Picked[]): void {
    this.#prepare();
    void this.#arrivals.begin(picked);
  }

  /** Go on with an unfinished upload. A file of another size is refused at once. */
  continue(offer: Offer, picked: Picked): void {
    this.#prepare();
    const upload = new Upload(randomId(), picked, this.#desk, this.#desk.offers.begun(offer));
    this.#take([upload]);
    const { size, name } = offer;
    const { file } = picked;
    if (size < 0 || size === file.size) this.#desk.plan(upload);
    else {
      const message = text.otherSize(file.name, bytes(file.size), name, bytes(size));
      upload.refuse({ code: "other_file", message });
    }
    this.#desk.worked();
  }

  /** Whoever gives an order means all files: those that are still on their way are taken now. */
  finish(): void {
    this.#arrivals.finish();
  }

  #prepare(): void {
    this.finish();
    if (!this.#tally.settled) return;
    this.#tally.newBatch();
    this.#desk.rate.reset();
  }

  /**
   * Put picked files into the list. What this browser began with the very file is gone on with,
   * whatever key it would get now.
   */
  #arrive(picked: readonly Picked[]): readonly Upload[] {
    const { offers } = this.#desk;
    const offerOf = offers.finder();
    const uploads = picked
      .filter((each) => !this.#pickedAgain(each))
      .map((each) => {
        const offer = offerOf(each.file, each.path.normalize("NFC"));
        return new Upload(randomId(), each, this.#desk, offer && offers.begun(offer));
      });
    this.#take(uploads);
    this.#desk.worked();
    return uploads;
  }

  /** A file that is in the list and not finished needs no second row: its own goes on. */
  #pickedAgain({ file, path }: Picked): boolean {
    const known = [...this.#roster.at(path.normalize("NFC"))].find((upload) => upload.isOf(file));
    if (known === undefined) return false;
    this.#tally.join(known);
    known.pickedAgain(file);
    return true;
  }

  #take(uploads: readonly Upload[]): void {
    this.#roster.add(uploads);
    for (const upload of uploads) this.#tally.join(upload);
  }
}
