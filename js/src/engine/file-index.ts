/**
 * The files of one widget in their order, and which of them have something to do: of ten thousand
 * files few move at a time, and nothing that happens with one of them may walk over all.
 */

import type { StateName } from "../upload/states";
import type { Upload } from "../upload/upload";

export class FileIndex {
  /** Each file with its place: the lower goes first. */
  readonly #places = new Map<Upload, number>();
  readonly #byPath = new Map<string, Set<Upload>>();
  readonly #moving = new Set<Upload>();
  /** The state that each file was in last, and how many are in each. */
  readonly #states = new Map<Upload, StateName>();
  readonly #counts = new Map<StateName, number>();
  /** The last goes first; files that left the queue are skipped when their turn comes. */
  readonly #queue: Upload[] = [];
  #next = 0;
  #all: readonly Upload[] | undefined;
  #active: readonly Upload[] | undefined;

  get all(): readonly Upload[] {
    this.#all ??= [...this.#places.keys()];
    return this.#all;
  }

  /** Files that are compared, hashed, signed or sent. */
  get active(): readonly Upload[] {
    this.#active ??= [...this.#moving].sort((one, other) => this.#place(one) - this.#place(other));
    return this.#active;
  }

  /** How many files are in these states. */
  count(names: readonly StateName[]): number {
    return names.reduce((sum, name) => sum + (this.#counts.get(name) ?? 0), 0);
  }

  /** The files that were picked by this path. */
  at(path: string): Iterable<Upload> {
    return this.#byPath.get(path) ?? [];
  }

  add(uploads: readonly Upload[]): void {
    for (const upload of uploads) {
      this.#places.set(upload, this.#next);
      this.#next += 1;
      this.#count(upload, upload.state.name);
      const twins = this.#byPath.get(upload.path) ?? new Set();
      this.#byPath.set(upload.path, twins.add(upload));
    }
    this.#all = undefined;
  }

  remove(upload: Upload): void {
    this.#places.delete(upload);
    this.#count(upload, undefined);
    const twins = this.#byPath.get(upload.path);
    twins?.delete(upload);
    if (twins?.size === 0) this.#byPath.delete(upload.path);
    this.#moving.delete(upload);
    this.#all = undefined;
    this.#active = undefined;
  }

  /** A file is in another state now. */
  stateChanged(upload: Upload): void {
    const { name } = upload.state;
    if (!this.#places.has(upload)) return;
    this.#count(upload, name);
    if (name === "queued") this.#enqueue(upload);
    if (name === "checking" || name === "comparing" || name === "uploading") {
      this.#moving.add(upload);
    } else if (!this.#moving.delete(upload)) return;
    this.#active = undefined;
  }

  /** The file that is to be started next; undefined if none waits. */
  nextQueued(): Upload | undefined {
    while (this.#queue.length > 0) {
      const upload = this.#queue.pop();
      if (upload?.state.name === "queued" && this.#places.has(upload)) return upload;
    }
    return undefined;
  }

  /** The file is in this state now; in none where it is off the list. */
  #count(upload: Upload, name: StateName | undefined): void {
    const before = this.#states.get(upload);
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 0) - 1);
    if (name === undefined) {
      this.#states.delete(upload);
      return;
    }
    this.#states.set(upload, name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #enqueue(upload: Upload): void {
    const place = this.#place(upload);
    let [low, high] = [0, this.#queue.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#placeAt(middle) > place) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, upload);
  }

  #placeAt(index: number): number {
    const upload = this.#queue[index];
    return upload === undefined ? -1 : this.#place(upload);
  }

  #place(upload: Upload): number {
    return this.#places.get(upload) ?? -1;
  }
}
