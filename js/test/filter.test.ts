/** What of a folder is taken in, and what is left out. */

import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { filterFolder } from "../src/pick/filter";

function picked(path: string, type = ""): { file: File; path: string } {
  return { file: new File([], path.split("/").at(-1) ?? "", { type }), path };
}

/** The paths that are taken. */
function taken(accept: string, ...files: ReturnType<typeof picked>[]): string[] {
  return filterFolder(files, accept).picked.map(({ path }) => path);
}

suite("the folder filter", () => {
  test("everything is taken where no kind is asked for", () => {
    for (const accept of ["", " , ", "*", "*/*"]) {
      assert.deepEqual(taken(accept, picked("day/a.csv"), picked("day/b")), ["day/a.csv", "day/b"]);
    }
  });

  test("files of the system and of Jupyter in a folder are left out and counted", () => {
    const result = filterFolder(
      [
        picked("day/.DS_Store"),
        picked("day/night/Thumbs.db"),
        picked("day/DESKTOP.INI"),
        picked("day/.ipynb_checkpoints/a-checkpoint.csv"),
        picked("day/a.csv"),
        picked("day/not.DS_Store"),
      ],
      "",
    );

    assert.equal(result.system, 4);
    assert.deepEqual(
      result.picked.map(({ path }) => path),
      ["day/a.csv", "day/not.DS_Store"],
    );
    assert.deepEqual(result.otherKinds, []);
  });

  test("files that were picked by their name are all taken: the kernel refuses them one by one", () => {
    const result = filterFolder([picked(".DS_Store"), picked("notes.txt")], ".csv");

    assert.deepEqual([result.picked.length, result.system, result.otherKinds], [2, 0, []]);
  });

  test("files of another kind in a folder are left out and named", () => {
    const files = [picked("day/a.csv"), picked("day/b.CSV"), picked("day/notes.txt")];
    const result = filterFolder(files, ".csv");

    assert.deepEqual(
      result.picked.map(({ path }) => path),
      ["day/a.csv", "day/b.CSV"],
    );
    assert.deepEqual(result.otherKinds, ["day/notes.txt"]);
    assert.equal(result.system, 0);
  });

  test("a system file is not named as one of another kind", () => {
    const result = filterFolder([picked("day/.DS_Store")], ".csv");

    assert.deepEqual([result.system, result.otherKinds], [1, []]);
  });

  test("a kind is an ending, a type or a family of types, in any letters", () => {
    const files = [
      picked("d/a.tar.gz"),
      picked("d/b.png", "image/png"),
      picked("d/c", "IMAGE/JPEG; q=1"),
      picked("d/e.csv", "text/csv"),
      picked("d/f.txt", "text/plain"),
    ];

    assert.deepEqual(taken(".TAR.GZ, Image/*,text/csv", ...files), [
      "d/a.tar.gz",
      "d/b.png",
      "d/c",
      "d/e.csv",
    ]);
  });

  test("a file that is called like an ending has no ending", () => {
    assert.deepEqual(taken(".csv", picked("d/.csv"), picked("d/x.csv")), ["d/x.csv"]);
  });

  test("a type of which the kind is only the head is not of that kind", () => {
    const files = [picked("d/a", "text/csv-schema"), picked("d/b", "imagery/png"), picked("d/c")];

    assert.deepEqual(taken("text/csv, image/*", ...files), []);
  });

  test("an empty folder has nothing to take", () => {
    assert.deepEqual(filterFolder([], ".csv"), { picked: [], system: 0, otherKinds: [] });
  });
});
