/** Takes picked files into the list of one widget: new ones, known ones, and those for an offer. */

import { randomId } from "../ids";
import type { Picked } from "../pick/drop";
import { checkReadable, GUARDS_FILES, sameBytes } from "../reading";
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
  /** Where the paths go of picked files that are in the list already. */
  #known: string[] = [];
  /** Files that are alike are compared one after the other. */
  #compared = Promise.resolve();
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

  /**
   * Take files in, in this order.
   *
   * @returns the paths of those that were in the list already, once they are compared.
   */
  async pick(picked: readonly Picked[]): Promise<readonly string[]> {
    this.#prepare();
    const known: string[] = [];
    this.#known = known;
    await this.#arrivals.start(picked);
    await this.#compared;
    return known;
  }

  /** Resume an unfinished upload with a file; one of another size is refused at once. */
  continue(offer: Offer, picked: Picked): void {
    this.#prepare();
    this.#engine.hashers.expect(picked.file.size);
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
    const uploads: Upload[] = [];
    for (const each of picked) {
      this.#engine.hashers.expect(each.file.size);
      if (this.#pickedAgain(each)) continue;
      const offer = offerOf(each.file, each.path.normalize("NFC"));
      const upload = new Upload(randomId(), each, this.#engine, offer && offers.addressOf(offer));
      // At once: the same pick may bring two files of one path.
      this.#add([upload]);
      uploads.push(upload);
    }
    this.#engine.schedule();
    return uploads;
  }

  /** A file that is in the list and not finished needs no second row: it resumes. */
  #pickedAgain(picked: Picked): boolean {
    const alike = [...this.#fileIndex.at(picked.path.normalize("NFC"))];
    const known = alike.filter((upload) => upload.isOf(picked.file));
    const [first, second] = known;
    if (first === undefined) return this.#mayHaveChanged(picked, alike);
    const changed = known.find((upload) => upload.hasChanged) ?? first;
    if (changed.hasChanged || second === undefined) this.#resume(changed, picked);
    if (changed.hasChanged) return true;
    const paths = this.#known;
    this.#compared = this.#compared.then(() => this.#compare(picked, known, paths));
    return true;
  }

  /** Whether it is found out later if a row of this path is the file, before it was written to. */
  #mayHaveChanged(picked: Picked, alike: readonly Upload[]): boolean {
    const rows = alike.filter((upload) => upload.mayHaveChanged);
    if (rows.length === 0) return false;
    this.#compared = this.#compared.then(() => this.#takeChanged(picked, rows));
    return true;
  }

  async #takeChanged(picked: Picked, rows: readonly Upload[]): Promise<void> {
    for (const upload of rows) {
      if (!(await hasBecome(upload, picked)) || !upload.mayHaveChanged) continue;
      this.#totals.add(upload);
      upload.pickedChanged(picked.file);
      return;
    }
    this.#addLate(new Upload(randomId(), picked, this.#engine));
  }

  #resume(known: Upload, { file }: Picked): void {
    this.#totals.add(known);
    known.pickedAgain(file);
  }

  /** Cameras and simulations write files of one name, size and date: only the bytes tell. */
  async #compare(picked: Picked, known: readonly Upload[], paths: string[]): Promise<void> {
    for (const upload of known) {
      if (!(await isSame(upload, picked))) continue;
      if (known.length > 1) this.#resume(upload, picked);
      paths.push(picked.path);
      return;
    }
    // The kernel takes questions side by side: the key is for the file that was picked first.
    await Promise.all(known.map((upload) => upload.planningOver));
    this.#addLate(new Upload(randomId(), picked, this.#engine, undefined, true));
  }

  #addLate(upload: Upload): void {
    this.#add([upload]);
    this.#engine.plan([upload]);
    this.#engine.schedule();
  }

  #add(uploads: readonly Upload[]): void {
    this.#fileIndex.add(uploads);
    for (const upload of uploads) this.#totals.add(upload);
  }
}

type Readable = Pick<Upload, "file" | "handle">;

/** Whether a file was picked twice. What cannot be read is told so once it is to be sent. */
async function isSame({ file, handle }: Readable, picked: Picked): Promise<boolean> {
  if (handle && picked.handle && (await handle.isSameEntry(picked.handle))) return true;
  return sameBytes(file, picked.file).catch(() => false);
}

/** Whether a file that was picked is on disk as it is picked now: the browser reads it no more. */
async function hasBecome({ file, handle }: Upload, picked: Picked): Promise<boolean> {
  if (handle && picked.handle && (await handle.isSameEntry(picked.handle))) return true;
  const isThere = await checkReadable(file).then(
    () => true,
    () => false,
  );
  return !isThere || (!GUARDS_FILES && isSame({ file, handle: undefined }, picked));
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
