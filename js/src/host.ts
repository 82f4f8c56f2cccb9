/** What the page can see of the program that shows the widget. Knows no widget. */

/** JupyterLab and Notebook, nbclassic, VS Code, marimo's editor. */
const WITH_CELLS =
  ".jp-LabShell, .jp-NotebookPanel, body.notebook_app, [data-vscode-theme-kind], marimo-cell-editor, [data-cell-id] .cm-editor";

/** Thousands of rows ask in one breath; hosts do not change that fast. */
const FRESH_MS = 1000;

let askedAt = Number.NEGATIVE_INFINITY;
let answer = false;

/** Whether whoever sees the widget has cells to run. */
export function hasCells(): boolean {
  const now = performance.now();
  if (now - askedAt > FRESH_MS) {
    askedAt = now;
    answer = isColab() || document.querySelector(WITH_CELLS) !== null;
  }
  return answer;
}

/** Colab shows each output in a frame of its own, in which there are no cells but its interface. */
function isColab(): boolean {
  const google: unknown = Reflect.get(globalThis, "google");
  return typeof google === "object" && google !== null && "colab" in google;
}
