/** Takes picked files into the list of one widget: new ones, known ones, and those for an offer. */

import { randomId } from "../ids";
import type { Picked } from "../pick/drop";
import type { Offer, Offers } from "../resume/offers";
import { distinctSizes } from "../text/format";
import { text } from "../text/text";
import { type Engine, Upload } from "../upload/upload";
import type { FileIndex } from "./file-index";
import type { Totals } from "./totals";

export class Intake {
  readonly #engine: Engine;
  readonly #offers: Offers;
  readonly #fileIndex: FileIndex;
  readonly #totals: Totals;
  readonly #arrivals = new Arrivals(
    (picked) => this.#takeIn(picked),
    (uploads) => this.#engine.plan(uploads),
  );

  constructor(engine: Engine, offers: Offers, fileIndex: FileIndex, totals: Totals) {
    this.#engine = engine;
    this.#offers = offers;
    this.#fileIndex = fileIndex;
    this.#totals = totals;
  }

  /** Take files in, in this order. */
  pick(picked: readonly Picked[]): void {
    this.#prepare();
    void this.#arrivals.start(picked);
  }

  /** Resume an unfinished upload with a file; one of another size is refused at once. */
  continue(offer: Offer, picked: Picked): void {
    this.#prepare();
    const upload = new Upload(randomId(), picked, this.#engine, this.#offers.addressOf(offer));
    this.#add([upload]);
    const { size, name } = offer;
    const { file } = picked;
    if (size < 0 || size === file.size) this.#engine.plan([upload]);
    else {
      const [has, should] = distinctSizes(file.size, size);
      const message = text.otherSize(file.name, has, name, should);
      upload.refuse({ code: "other_file", message });
    }
    this.#engine.schedule();
  }

  /** An order means all files: those that are still on their way are taken in now. */
  finish(): void {
    this.#arrivals.finish();
  }

  #prepare(): void {
    this.finish();
    if (this.#totals.settled) this.#totals.newBatch();
  }

  /**
   * Put picked files into the list. A file that this browser began to upload resumes that upload,
   * whatever key it would get now.
   */
  #takeIn(picked: readonly Picked[]): readonly Upload[] {
    const offers = this.#offers;
    const offerOf = offers.finder();
    const uploads = picked
      .filter((each) => !this.#pickedAgain(each))
      .map((each) => {
        const offer = offerOf(each.file, each.path.normalize("NFC"));
        return new Upload(randomId(), each, this.#engine, offer && offers.addressOf(offer));
      });
    this.#add(uploads);
    this.#engine.schedule();
    return uploads;
  }

  /** A file that is in the list and not finished needs no second row: it resumes. */
  #pickedAgain({ file, path }: Picked): boolean {
    const paths = this.#fileIndex.at(path.normalize("NFC"));
    const known = [...paths].find((upload) => upload.isOf(file));
    if (known === undefined) return false;
    this.#totals.add(known);
    known.pickedAgain(file);
    return true;
  }

  #add(uploads: readonly Upload[]): void {
    this.#fileIndex.add(uploads);
    for (const upload of uploads) this.#totals.add(upload);
  }
}

/** Files that are taken in at once: a few milliseconds. */
const SLICE = 500;

/** Picked files on their way into the list: ten thousand at once would hold the page up. */
class Arrivals {
  readonly #take: (picked: readonly Picked[]) => readonly Upload[];
  readonly #onArrived: (arrived: readonly Upload[]) => void;
  #coming: readonly Picked[] = [];
  #arrived: Upload[] = [];

  /**
   * @param take puts files into the list, and returns those that are new there.
   * @param onArrived is called with all new ones, once the last file of a pick was taken.
   */
  constructor(
    take: (picked: readonly Picked[]) => readonly Upload[],
    onArrived: (arrived: readonly Upload[]) => void,
  ) {
    this.#take = take;
    this.#onArrived = onArrived;
  }

  /** Take the first files now, and the others when the page has had time for other things. */
  async start(picked: readonly Picked[]): Promise<void> {
    this.finish();
    this.#coming = picked;
    this.#some(SLICE);
    while (this.#coming.length > 0) {
      await breath();
      this.#some(SLICE);
    }
  }

  /** Take all others now. */
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
    this.#onArrived(arrived);
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
