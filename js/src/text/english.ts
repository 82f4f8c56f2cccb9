/** Every string of the page, in English; knows the protocol's codes only. */

import type { Diagnosed, ErrorCode } from "../protocol";

/** The kernel's name for what went wrong. */
export type Cause = ErrorCode | Diagnosed["cause"];

/** S3's own words, quoted. */
function inEnglish(said: string): string {
  return said && ` S3 says: “${said}”.`;
}

export const english = {
  fileChanged: (name: string) =>
    `${name} was changed, moved or deleted after it was picked. Nothing on S3 is lost: pick it again.`,
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
  noKernel:
    "No kernel answers. Run the cell that made this widget, unless another cell is running.",
  restarted:
    "The kernel restarted, or its connection is gone. If this message stays, run the cell again: nothing has to be picked again.",
  startsOver: (name: string) =>
    `${name}: the unfinished upload is gone from S3 (aborted elsewhere, or by a lifecycle rule). It starts over.`,
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
    onlyOne: "Only one file can be uploaded here: pick one.",
    nothing: "The selection contains no file.",
    unreadable: (paths: readonly string[]) =>
      `Could not be read, so not uploaded: ${paths.join(", ")}`,
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
      kernel: "Waiting for the kernel (a cell is running)",
      network: "Waiting for the network",
      file: "Waiting for the file",
    },
    comparing: "Comparing with the existing object",
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
