/** How files come into the list of one widget: picked, picked again, or to go on with an upload. */

import { randomId } from "../ids";
import type { Rate } from "../net/rate";
import type { Picked } from "../pick/drop";
import type { Offer, Offers } from "../resume/offers";
import { bytes } from "../text/format";
import { text } from "../text/text";
import { type Surroundings, Upload } from "../upload/upload";
import type { FileIndex } from "./file-index";
import type { Totals } from "./totals";

export interface Desk extends Surroundings {
  readonly offers: Offers;
  readonly rate: Rate;
}

export class Intake {
  readonly #desk: Desk;
  readonly #roster: FileIndex;
  readonly #tally: Totals;
  readonly #arrivals: Arrivals;

  /** @param arrived is told of all new files, once the last one of a pick is in the list. */
  constructor(
    desk: Desk,
    roster: FileIndex,
    tally: Totals,
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

/** Files that are taken in at once: a few milliseconds. */
const SLICE = 500;

/** Picked files on their way into the list: ten thousand at once would hold the page up. */
class Arrivals {
  readonly #take: (picked: readonly Picked[]) => readonly Upload[];
  readonly #done: (arrived: readonly Upload[]) => void;
  #coming: readonly Picked[] = [];
  #arrived: Upload[] = [];

  /**
   * @param take puts files into the list, and tells which are new there.
   * @param done is told of all that are new, once the last file of a pick was taken.
   */
  constructor(
    take: (picked: readonly Picked[]) => readonly Upload[],
    done: (arrived: readonly Upload[]) => void,
  ) {
    this.#take = take;
    this.#done = done;
  }

  /** Take the first files now, and the others when the page has had time for other things. */
  async begin(picked: readonly Picked[]): Promise<void> {
    this.finish();
    this.#coming = picked;
    this.#some(SLICE);
    while (this.#coming.length > 0) {
      await breath();
      this.#some(SLICE);
    }
  }

  /** Whoever gives an order, or picks again, means all files: the others are taken now. */
  finish(): void {
    this.#some(this.#coming.length);
  }

  #some(count: number): void {
    if (this.#coming.length === 0) return;
    const some = this.#coming.slice(0, count);
    this.#coming = this.#coming.slice(count);
    this.#arrived.push(...this.#take(some));
    if (this.#coming.length > 0) return;
    const arrived = this.#arrived;
    this.#arrived = [];
    this.#done(arrived);
  }
}

/** Let the page paint, and hear the user. No timer: those of a hidden page come once a second. */
function breath(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
