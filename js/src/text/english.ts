/** Every string of the page, in English; knows the protocol's codes only. */

import type { ErrorCode, KernelObstacle } from "../protocol";

/** The kernel's name for what went wrong. */
export type Cause = ErrorCode | KernelObstacle;

/** S3's own words, quoted. */
function inEnglish(said: string): string {
  return said && ` S3 says: “${said}”.`;
}

export const english = {
  fileChanged: (name: string) =>
    `${name} was changed, moved or deleted after it was picked. Nothing on S3 is lost: pick it again.`,
  changedOnDisk: (name: string) =>
    `${name} was written to, or only touched, since it was picked first: what is the same on S3 is not sent again.`,
  pageProblem: (name: string, reason: string) => `${name} could not be sent: ${reason}`,
  exists: (name: string) =>
    `${name}: another object took this key meanwhile. Overwrite it, keep both, or skip this file.`,
  credentials: (name: string, code: string) =>
    `${name}: S3 does not accept the kernel's credentials (${code}). Renew them in the kernel, then press Resume: nothing is lost.`,
  clock: (name: string, code: string) =>
    `${name}: the clock of the kernel's machine is wrong (${code}). Set it, then press Resume.`,
  signature: (name: string) =>
    `${name}: S3 rejects the signature (SignatureDoesNotMatch): the kernel's secret key is wrong, or a proxy changes requests (give browser_endpoint_url= the address of S3 itself), or the server takes another addressing style, or cannot sign characters of this key.`,
  noBucket: (name: string) =>
    `${name}: the address that this page sends to has no such bucket (NoSuchBucket). Check browser_endpoint_url and the bucket, then press Resume.`,
  region: (name: string) =>
    `${name}: the bucket is in another region. Pass client=boto3.client('s3', region_name=…) with the bucket's region.`,
  denied: (
    name: string,
    part: number,
    code: string,
    said: string,
    action: string,
    statement: string,
  ) =>
    `${name}: S3 refused part ${part} (403 ${code}).${inEnglish(said)} The kernel's credentials need ${action} for this key, and the bucket's policy must allow this browser's address. Then press Resume.${statement}`,
  refused: (name: string, part: number, answer: string, said: string) =>
    `${name}: S3 keeps refusing part ${part} (${answer}).${inEnglish(said)} Nothing that was sent is lost: press Resume to try again.`,
  partsMissing: (name: string) =>
    `${name}: S3 does not keep parts that it accepted. Nothing was completed: press Resume to send them again.`,
  gone: (name: string) =>
    `${name}: the unfinished upload keeps vanishing from S3. Check whether a lifecycle rule or another program aborts it, then press Resume.`,
  differs: (name: string, same: number, differing: number) =>
    `${name}: ${same} of ${same + differing} parts on S3 match this file, ${differing} ${differing === 1 ? "differs" : "differ"}. Press Resume to send again what differs, or Discard to delete the upload.`,
  otherFile: (name: string) =>
    `${name} is another file: it matches none of the parts on S3 that were compared. Nothing was changed. Pick the original file, or start over: that deletes what is on S3 and uploads ${name}.`,
  otherSize: (name: string, size: string, begun: string, whole: string) =>
    `${name} is another file: it has ${size}, but the original (${begun}) has ${whole}. Nothing was changed. Pick the original file, or start over: that deletes what is on S3 and uploads ${name}.`,
  elsewhere: (name: string) => `Another page took over ${name}. Press Resume to take it back here.`,
  noBuffers:
    "This notebook's host passes no binary messages from the page to the kernel, so nothing can be sent through it: use transport='direct'.",
  noKernel:
    "No kernel answers. Run the cell that made this widget, unless another cell is running.",
  noPython:
    "Python does not answer. If this message stays, reload the page and pick the same files again: they resume.",
  deaf: "The kernel is idle, but does not hear this page. Run the cell that made this widget again; if this message stays, reload the page. Nothing on S3 is lost.",
  ended:
    "The session ended, or its connection is gone. If this message stays, reload the page and pick the same files again: they resume.",
  restarted:
    "The kernel restarted, or its connection is gone. If this message stays, run the cell again: nothing has to be picked again.",
  startsOver: (name: string) =>
    `${name}: the unfinished upload is gone from S3 (aborted elsewhere, or by a lifecycle rule). It starts over.`,
  ofTheUpload: (names: string) =>
    `extra_args (${names}) are not applied: this upload was started without them. Only a new upload gets them.`,
  ofTheObject: (names: string) =>
    `extra_args (${names}) are not applied: the object was there already and stays as it is. With if_exists="overwrite", the file is sent with them.`,
  policy: (store: string, directive: string) =>
    `This page's Content-Security-Policy does not allow ${store}: whoever runs this Jupyter has to add ${store} to its ${directive}. Then reload the page.`,
  blocked: (store: string) =>
    `This page reaches ${store}, but the upload's requests are stopped before they leave: an extension of this browser (an ad blocker) or a protection program blocks them. Switch it off for this page, then press Resume: nothing is lost.`,
  gateway: (store: string, status: number) =>
    `${store || "The address that the kernel sends to"} answers with error ${status}, as a gateway does that gets no answer from S3, or a server that is overloaded: nothing is lost, and the page keeps trying.`,
  unanswered: (store: string) =>
    `This page reaches ${store}, but what it sends there gets no answer: a proxy, a VPN or a protection program may break uploads off. Check those; nothing is lost, and the page keeps trying.`,
  localNetwork: {
    denied: (store: string) =>
      `The browser does not let this page reach devices of the local network, and ${store} is one: press the icon beside the address bar and allow “local network” (on some versions “apps on device”). The upload continues at once.`,
    insecure: (store: string) =>
      `Browsers let only secure pages reach devices of the local network, and ${store} is one: open Jupyter by https, or on localhost, then pick the same file again: it resumes.`,
    frame: (store: string) =>
      `This page is shown inside another one, which does not let it reach devices of the local network, and ${store} is one: that page's <iframe> needs allow="local-network; loopback-network; local-network-access". Then reload the page and pick the same file again: it resumes.`,
  },
  /** The kernel's messages are English already. */
  fromKernel: (_cause: Cause, message: string) => message,
  view: {
    region: "File upload",
    dropFiles: "or drop files here",
    dropFile: "or drop a file here",
    dropFolder: "or drop a folder here",
    letGo: "Let go to upload",
    goesTo: (destination: string) => `to ${destination}`,
    connecting: "Connecting to the kernel",
    reading: "Reading the files …",
    notRead: (reason: string) =>
      `The browser could not read the files, so nothing was picked: ${reason}. Try again.`,
    unreached: (address: string) =>
      `This page cannot reach ${address}; the widget's check() reports more.`,
    relayed: "Sent through the kernel: this page may not reach S3.",
    relayedByChoice: "Sent through the kernel.",
    why: "Why?",
    tryDirect: "Try direct again",
    relay: "Send through the kernel",
    onlyOne: "Only one file can be uploaded here: pick one.",
    nothing: "The selection contains no file.",
    unreadable: (paths: readonly string[]) =>
      `Could not be read, so not uploaded: ${paths.join(", ")}`,
    listed: (paths: readonly string[]) =>
      `In the list already, with the same bytes, so not added: ${paths.join(", ")}`,
    nameless: "something without a name",
    links:
      "Links inside folders are not uploaded: browsers hide them. Pipes look like empty files.",
    systemFiles: (count: number) =>
      count === 1 ? "1 system file skipped" : `${count} system files skipped`,
    otherKinds: (count: number, paths: readonly string[]) =>
      `${count === 1 ? "1 file" : `${count} files`} of another type skipped: ${paths.join(", ")}`,
    states: {
      queued: "Queued",
      checking: "Checking",
      uploading: "Uploading",
      waiting: "Waiting",
      paused: "Paused",
      completing: "Verifying on S3",
      done: "On S3, verified",
      failed: "Failed",
    },
    waiting: {
      "": "Waiting",
      kernel: "Waiting for Python, which is busy",
      cell: "Waiting for the kernel (a cell is running)",
      network: "Waiting for the network",
      file: "Waiting for the file",
    },
    comparing: "Comparing with the existing object",
    readingBack: "Reading the existing object back from S3",
    readBack: "Compare by reading it back from S3",
    wasThere: "Already on S3, with the same bytes",
    conflict: "An object already has this key",
    refused: "Not uploaded",
    discarding: "Deleting from S3",
    said: (name: string, state: string) => `${name}: ${state}`,
    saidMany: (count: string, state: string) => `${count} files: ${state}`,
    of: (done: string, total: string) => `${done} of ${total}`,
    filesOf: (done: string, total: string) => `${done} of ${total} files`,
    more: (count: string) => `and ${count} more`,
    left: (duration: string) => `${duration} left`,
    units: { day: "d", hour: "h", minute: "min", second: "s" },
    progressOf: (name: string) => `Progress of ${name}`,
    progressOfAll: "Progress of all files",
    pause: "Pause",
    resume: "Resume",
    retry: "Retry",
    discard: "Discard",
    remove: "Remove",
    clear: "Clear",
    copy: "Copy",
    copied: "Copied",
    copyUri: (name: string) => `Copy the address of ${name}`,
    copyRule: "Copy the rule",
    code: "Code",
    copyCode: (name: string) => `Copy code that reads ${name}`,
    copiedFor: (tool: string) => `Copied code for ${tool}`,
    files: "Files",
    stalled: "no bytes are getting through",
    sent: "Sent, waiting for the store's answer",
    overwrite: "Overwrite",
    keepBoth: "Keep both",
    skip: "Skip",
    keep: "Keep",
    unfinished: "Unfinished uploads",
    continue: "Continue",
    later: "Later",
    startOver: "Start over",
    back: "Back",
    onS3: (amount: string) => `${amount} on S3`,
    began: (when: string) => `started ${when}`,
    by: (initiator: string) => `by ${initiator}`,
    lastPart: (when: string) => `last part ${when}`,
    noPart: "no parts yet",
    held: "Another page seems to be uploading it: Continue takes it over.",
    inProgress: "in progress elsewhere",
    others: (count: number) =>
      count === 1 ? "1 unfinished upload by others" : `${count} unfinished uploads by others`,
    showOthers: "Show",
    discardOthers: "Delete what somebody else uploaded?",
    discardWhatWasSent: "Delete what was sent?",
    pauseAll: "Pause all",
    resumeAll: "Resume all",
    clearFinished: "Clear finished",
  },
};

export type Texts = typeof english;
