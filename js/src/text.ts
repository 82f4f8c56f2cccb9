/** Every string of the page, in one place. */

export const text = {
  fileChanged: (name: string) =>
    `${name} was changed, moved or deleted after it was picked. Nothing on S3 is lost: pick it again.`,
  pageProblem: (name: string, reason: string) => `${name} could not be sent: ${reason}`,
  exists: (name: string) =>
    `${name}: another object took this key meanwhile. Overwrite it, keep both, or skip this file.`,
  credentials: (name: string, code: string) =>
    `${name}: S3 does not accept the kernel's credentials (${code}). Renew them in the kernel, then press Resume: nothing is lost.`,
  clock: (name: string) =>
    `${name}: the clock of the kernel's machine is wrong (RequestTimeTooSkewed). Set it, then press Resume.`,
  denied: (name: string, part: number, code: string) =>
    `${name}: S3 refused part ${part} (403 ${code}). The kernel's credentials need s3:PutObject for this key, and the bucket's policy must allow this browser's address. Then press Resume.`,
  refused: (name: string, part: number, answer: string) =>
    `${name}: S3 refused part ${part} again and again (${answer}). What was sent is kept: press Resume to try again.`,
  partsMissing: (name: string) =>
    `${name}: S3 does not keep the parts it accepted. Nothing was completed; press Resume to send them again.`,
  gone: (name: string) =>
    `${name}: the unfinished upload vanished from S3 again and again. See whether a lifecycle rule or another program aborts it, then press Resume.`,
  startsAfresh: (name: string) =>
    `${name}: the unfinished upload is gone from S3 (aborted elsewhere, or by a lifecycle rule): it starts afresh.`,
};
