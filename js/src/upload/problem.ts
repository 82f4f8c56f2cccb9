/** Problems of a file, in words for people; the code decides what happens next. Knows no state. */

import { KernelError } from "../kernel/kernel";
import type { Answer } from "../net/answer";
import { isOtherRegion } from "../net/retry";
import {
  type ErrorCode,
  type Obstacle,
  type RefusedFile,
  type RefusedPart,
  S3_ERRORS,
} from "../protocol";
import { isFileChanged } from "../reading";
import { text } from "../text/text";

/** The upload to resume has parts, and none of them is this file's. */
export class OtherFileError extends Error {
  override readonly name = "OtherFileError";
}

export interface Problem {
  readonly code: ErrorCode | Obstacle | "page" | "differs";
  readonly message: string;
}

export function problemOf(error: unknown, name: string): Problem {
  if (error instanceof KernelError) return { code: error.code, message: error.message };
  if (isFileChanged(error)) return fileChanged(name);
  if (error instanceof OtherFileError) return { code: "other_file", message: text.otherFile(name) };
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "page", message: text.pageProblem(name, reason) };
}

/** The kernel refused one of many files or parts. */
export function refusalProblem({ code, message }: RefusedFile | RefusedPart): Problem {
  return { code, message: text.fromKernel(code, message) };
}

export function fileChanged(name: string): Problem {
  return { code: "file_changed", message: text.fileChanged(name) };
}

/** The problem of a file of which S3 keeps refusing a part. */
export function refusedPart(
  { name, uri }: { readonly name: string; readonly uri: string },
  part: number,
  answer: Answer & { kind: "refused" },
): Problem {
  const { status, code, action, said } = answer;
  if (status === 412) return { code: "exists", message: text.exists(name) };
  const means = S3_ERRORS[code];
  if (means === "clock_skew") return { code: means, message: text.clock(name, code) };
  if (means === "credentials") {
    const isWrongKey = code === "SignatureDoesNotMatch";
    const message = isWrongKey ? text.signature(name) : text.credentials(name, code);
    return { code: means, message };
  }
  if (means === "no_such_bucket") return { code: means, message: text.noBucket(name) };
  if (isOtherRegion(answer)) return { code: "wrong_region", message: text.region(name) };
  if (status === 403 && means !== "s3") {
    const reason = code || "AccessDenied";
    const missing = action || "s3:PutObject";
    const message = text.denied(name, part, reason, said, missing, statement(missing, uri));
    return { code: "access_denied", message };
  }
  return { code: "s3", message: text.refused(name, part, `${status} ${code}`.trim(), said) };
}

/** An IAM statement that allows an action of S3; of other services the resource is unknown. */
function statement(action: string, uri: string): string {
  if (!action.startsWith("s3:")) return "";
  const Resource = uri.replace(/^s3:\/\//, "arn:aws:s3:::");
  return `\n${JSON.stringify({ Effect: "Allow", Action: action, Resource })}`;
}
