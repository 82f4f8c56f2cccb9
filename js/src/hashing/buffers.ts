/** Gives memory back. Knows no file. */

const { port1: nowhere, port2 } = new MessageChannel();
port2.close();

/**
 * Free a buffer that nobody reads any more, at once. Left to the collector, hundreds of megabytes
 * stand there before it comes: it sees only how small a buffer's object is. What is posted to a port
 * whose other end is closed is freed; `transfer(0)` frees nothing in Chromium 156.
 */
export function giveBack(bytes: ArrayBuffer): void {
  nowhere.postMessage(bytes, [bytes]);
}
