/** Puts a text on the clipboard. */

/**
 * On pages without https there is no clipboard to write to: something is selected, and the text
 * is put in its place when the browser copies that.
 *
 * @param near What may be selected.
 * @returns Whether it worked.
 */
export async function writeClipboard(content: string, near: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(content);
    return true;
  } catch {
    return copySelected(content, near);
  }
}

function copySelected(content: string, near: HTMLElement): boolean {
  const put = (event: ClipboardEvent): void => putText(event, content);
  getSelection()?.selectAllChildren(near);
  document.addEventListener("copy", put, { capture: true });
  try {
    return document.execCommand("copy");
  } finally {
    document.removeEventListener("copy", put, { capture: true });
  }
}

/** Let a copy carry this text, whatever is selected. */
export function putText(event: ClipboardEvent, content: string): void {
  event.clipboardData?.setData("text/plain", content);
  event.preventDefault();
  event.stopPropagation();
}
