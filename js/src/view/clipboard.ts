/** Puts a text on the clipboard; knows nothing of uploads. */

/**
 * Write a text to the clipboard. Pages without https have no clipboard API: there, select an
 * element, and replace its text with ours when the browser copies it.
 *
 * @param near The element to select.
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

/** Make a copy carry this text, whatever is selected. */
export function putText(event: ClipboardEvent, content: string): void {
  event.clipboardData?.setData("text/plain", content);
  event.preventDefault();
  event.stopPropagation();
}
