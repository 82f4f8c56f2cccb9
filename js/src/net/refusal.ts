/** S3's error documents, read as far as they may be shown. Knows no request. */

/** S3 says so with AccessDenied, also of what was signed by a clock that is wrong. */
const UNTIMELY = /<Message>Request (?:has expired|is not (?:yet )?valid)/i;

/** Query strings, upload ids, signatures and access keys; whatever is too long for a word. */
const SECRETS =
  /\?[^\s"'<>?=]*=[^\s"'<>]*|\bX-Amz-[A-Za-z-]+\s*[=:]\s*\S+|\b(?:uploadId|Signature|Credential)\s*[=:]\s*\S+|\b(?:AKIA|ASIA)[A-Z0-9]{8,}|[A-Za-z0-9+/=_.-]{40,}/gi;

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

export interface Refusal {
  readonly code: string;
  /** The permission that S3 says is missing; empty if it does not say. */
  readonly action: string;
  /** S3's own words without secrets, at most 200 characters; empty if it says nothing. */
  readonly said: string;
}

export function refusalIn(document: string): Refusal {
  const find = (form: RegExp): string => form.exec(document)?.[1] ?? "";
  const untimely = UNTIMELY.test(document);
  return {
    code: untimely ? "RequestExpired" : find(/<Code>([A-Za-z0-9]{1,64})<\/Code>/),
    action: find(/perform: ([a-z0-9-]{1,32}:[A-Za-z]{1,64})/),
    said: withoutSecrets(find(/<Message>([^<]{1,2000})<\/Message>/)),
  };
}

function withoutSecrets(message: string): string {
  const text = message.replace(/&([a-z]+);/g, (entity, name) => ENTITIES[name] ?? entity);
  return text.replace(SECRETS, "…").replace(/\s+/g, " ").trim().slice(0, 200);
}
