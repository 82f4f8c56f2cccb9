// Generated from s3upload_widget/protocol.py by `make protocol`. Do not edit.

/** The states of one file; `UploadWidget.state` adds `idle`. */
export type FileState =
  | "queued"
  | "checking"
  | "uploading"
  | "waiting"
  | "paused"
  | "completing"
  | "done"
  | "failed";

export type VerifiedBy = "sha256" | "md5" | "read" | "size";

/** What went wrong: the codes of `s3upload_widget.errors`. */
export type ErrorCode =
  | "upload"
  | "refused"
  | "too_large"
  | "not_accepted"
  | "key_refused"
  | "unsupported_bucket"
  | "exists"
  | "key_busy"
  | "other_file"
  | "file_changed"
  | "s3"
  | "access_denied"
  | "credentials"
  | "no_such_bucket"
  | "no_such_upload"
  | "wrong_region"
  | "clock_skew"
  | "unavailable"
  | "integrity"
  | "invalid_message"
  | "unknown_file"
  | "not_owner"
  | "aborted"
  | "cannot_wait"
  | "internal";

/**
 * One entry that is not a whole MIME type: the ending of a name, everything, or `image/*`,
 * whose `image/` is captured. Entries are matched in lower case, without spaces around them.
 */
export const ACCEPT_ENTRY = "^(?:(\\..*)|(\\*|\\*/\\*)|(.*/)\\*)$";

/** What S3's error codes mean, as far as the code alone tells. */
export const S3_ERRORS: Readonly<Record<string, ErrorCode>> = {
  AccessDenied: "access_denied",
  AllAccessDisabled: "access_denied",
  AccountProblem: "access_denied",
  Forbidden: "access_denied",
  ExpiredToken: "credentials",
  ExpiredTokenException: "credentials",
  TokenRefreshRequired: "credentials",
  InvalidToken: "credentials",
  InvalidAccessKeyId: "credentials",
  InvalidClientTokenId: "credentials",
  NotSignedUp: "credentials",
  SignatureDoesNotMatch: "credentials",
  NoSuchBucket: "no_such_bucket",
  NoSuchUpload: "no_such_upload",
  PermanentRedirect: "wrong_region",
  TemporaryRedirect: "wrong_region",
  AuthorizationHeaderMalformed: "wrong_region",
  IllegalLocationConstraintException: "wrong_region",
  RequestTimeTooSkewed: "clock_skew",
  RequestExpired: "clock_skew",
  SlowDown: "unavailable",
  ServiceUnavailable: "unavailable",
  InternalError: "unavailable",
  RequestTimeout: "unavailable",
  RequestLimitExceeded: "unavailable",
  Throttling: "unavailable",
  ThrottlingException: "unavailable",
  OperationAborted: "unavailable",
  PreconditionFailed: "exists",
  ConditionalRequestConflict: "exists",
  InvalidPart: "integrity",
  BadDigest: "integrity",
  InvalidDigest: "integrity",
  XAmzContentChecksumMismatch: "integrity",
  XAmzContentSHA256Mismatch: "integrity",
  InvalidObjectState: "s3",
  QuotaExceeded: "s3",
  XMinioAdminBucketQuotaExceeded: "s3",
  XMinioStorageFull: "s3",
};

export const VERSION = 1;

/** Parts signed, or small files completed, with one request. */
export const MAX_BATCH = 100;

/** Files picked with one request; the page cuts a larger pick. */
export const MAX_PICK = 1000;

/** Uploads that one browser may name, and that are shown one by one. */
export const MAX_REMEMBERED = 200;

/** The most that `progress` shows before every file is proven. */
export const ALMOST_DONE = 0.999;

/** The page's own random name for one picked file. */
export type FileId = string;

/** Base64, as in `x-amz-checksum-sha256`. */
export type Sha256 = string;

/** Hexadecimal, as `sha256sum` prints it; `""` if not computed. */
export type Sha256Hex = string;

/** Base64, as in `Content-MD5`; `""` if not computed. */
export type Md5 = string;

export type PartNumber = number;

export type Bytes = number;

export type Count = number;

export type Text = string;

/** S3's name of a multipart upload. A secret: memory only. */
export type UploadId = string;

export type WaitingFor = "" | "kernel" | "network" | "file";

export type WidgetState = FileState | "idle";

/** A widget is in the first of these states that any of its files is in; without files `idle`. */
export const PRECEDENCE: readonly WidgetState[] = [
  "uploading",
  "completing",
  "checking",
  "waiting",
  "paused",
  "queued",
  "failed",
  "done",
  "idle",
];

/**
 * How long a reply takes: `prompt` asks nothing of S3; `quick` makes a few calls; `slow` may
 * keep S3 busy for minutes; `deleting` is sent again until S3 answers, and nothing waits for it.
 * Each but `prompt` has a queue of its own on the page, so that none waits behind a slower one.
 */
export type Speed = "prompt" | "quick" | "slow" | "deleting";

/** The page has loaded, for the first time or again. */
export interface Hello {
  readonly kind: "hello";
  readonly version: number;
  /** `location.origin` of the page. */
  readonly origin: Text;
}

/** One file that the user picked. */
export interface Pick {
  readonly file_id: FileId;
  readonly name: Text;
  /** Path inside a dropped folder, else the name. */
  readonly path: Text;
  readonly size: Bytes;
  readonly type: Text;
  /** Milliseconds since 1970, as `File.lastModified`. */
  readonly last_modified: number;
  /** The user's answer to a conflict; `""` before there was one. */
  readonly if_exists: "" | "overwrite" | "rename";
  /** Of the unfinished upload that this file resumes; `""` lets the kernel decide. */
  readonly key: Text;
  /** That upload's; `""` lets the kernel find or create one. */
  readonly upload_id: string;
}

/** Name the files of one pick; the kernel decides their keys, and refuses some. */
export interface PickFiles {
  readonly kind: "pick_files";
  /** `location.origin` of the page. */
  readonly origin: Text;
  readonly files: readonly Pick[];
}

/** Create the upload of a file of several parts, or find one that this file may resume. */
export interface CreateMultipartUpload {
  readonly kind: "create_multipart_upload";
  readonly file_id: FileId;
  /** Uploads that were found before, with parts that are not this file's. */
  readonly refused: readonly UploadId[];
}

/** Ask whether the object that the key has is this file, before a byte is sent. */
export interface CompareObject {
  readonly kind: "compare_object";
  readonly file_id: FileId;
  /** Of the cut that was tried; 0 before the first. */
  readonly part_size: Bytes;
  /** Of part 1, 2, …; empty where one part differs. */
  readonly parts_sha256: readonly Sha256[];
  /** Of part 1, 2, …; empty unless the kernel asked for them. */
  readonly parts_md5: readonly Md5[];
  /** Of the whole file; a file of one part has only one. */
  readonly sha256: Sha256Hex;
}

/** One part that was hashed. */
export interface PartChecksums {
  readonly file_id: FileId;
  readonly part_number: PartNumber;
  readonly sha256: Sha256;
  readonly md5: Md5;
  /** Whether S3 answered the file's one PUT that it does not support conditions. */
  readonly unconditional: boolean;
}

/** Presign URLs that carry exactly these parts. */
export interface PresignParts {
  readonly kind: "presign_parts";
  readonly parts: readonly PartChecksums[];
}

/** All parts were sent: complete the object and prove it. */
export interface CompleteMultipartUpload {
  readonly kind: "complete_multipart_upload";
  readonly file_id: FileId;
  /** Of part 1, 2, … */
  readonly parts_sha256: readonly Sha256[];
  /** Of part 1, 2, …; empty unless the kernel asked for them. */
  readonly parts_md5: readonly Md5[];
  /** Of the whole file. */
  readonly sha256: Sha256Hex;
  /** Whether S3 refused the one PUT because the key has an object: perhaps by its first try. */
  readonly taken: boolean;
}

/** Complete and prove several small files at once: each was sent with one PUT. */
export interface CompleteFiles {
  readonly kind: "complete_files";
  readonly files: readonly CompleteMultipartUpload[];
}

/**
 * Delete what S3 holds of this unfinished file, and forget it.
 *
 * An upload that was found, with no byte compared yet, is not the file's: it stays.
 */
export interface AbortMultipartUpload {
  readonly kind: "abort_multipart_upload";
  readonly file_id: FileId;
}

/** Forget a file, so that it can be picked again; what S3 holds of it stays. */
export interface ForgetFile {
  readonly kind: "forget_file";
  readonly file_id: FileId;
}

/** An upload that was started and not finished. */
export interface KnownUpload {
  readonly key: string;
  readonly upload_id: UploadId;
}

/** List the unfinished uploads at this destination, of everybody. */
export interface ListUnfinished {
  readonly kind: "list_unfinished";
  /** Uploads that this browser started, newest first; used where S3 denies the list. */
  readonly remembered: readonly KnownUpload[];
  /** Whether uploads that neither this kernel nor this browser started are wanted one by one. */
  readonly others: boolean;
}

/** Delete what S3 holds of an upload, also where the kernel knows no file of it. */
export interface AbortUnfinished {
  readonly kind: "abort_unfinished";
  /**
   * Of the page's own file that resumed it, which another page may have taken over since; `""`
   * where the user discards an offer, even if a page has resumed it.
   */
  readonly file_id: string;
  readonly upload: KnownUpload;
}

/** The page got no answer from S3: the kernel is asked for the reason. */
export interface Diagnose {
  readonly kind: "diagnose";
  readonly file_id: FileId;
  readonly origin: Text;
}

/** A part on the wire. */
export interface PartInFlight {
  readonly part_number: PartNumber;
  readonly bytes_sent: Bytes;
}

/** The progress of one file; only files that changed are reported. */
export interface FileProgress {
  readonly file_id: FileId;
  readonly state: FileState;
  readonly waiting_for: WaitingFor;
  readonly error: Text;
  readonly bytes_done: Bytes;
  readonly parts_done: Count;
  readonly parts_in_flight: readonly PartInFlight[];
}

/** The sums over all files of the widget. */
export interface Summary {
  readonly state: WidgetState;
  readonly waiting_for: WaitingFor;
  readonly progress: number;
  readonly bytes_done: Bytes;
  readonly bytes_total: Bytes;
  /** Bytes a second. */
  readonly rate: number;
  /** Seconds; -1 if unknown. */
  readonly eta: number;
  readonly error: Text;
}

/** The result of the newest `reach`. */
export interface Tried {
  /** Of that `reach`; 0 if there was none. */
  readonly number: Count;
  readonly reached: boolean;
}

/** The progress of everything. One at a time is on its way; the newest wins. */
export interface ReportProgress {
  readonly kind: "report_progress";
  /** Grows with each report; an older one that comes late is ignored. */
  readonly number: Count;
  readonly summary: Summary;
  readonly files: readonly FileProgress[];
  /** Files that left the list. */
  readonly removed: readonly FileId[];
  /** The newest order that was carried out. */
  readonly last_order: Count;
  readonly tried: Tried;
}

/** An order of a cell to the page. */
export interface Order {
  readonly number: Count;
  readonly verb: "pause" | "resume" | "abort" | "clear";
  /** Which files; empty means all. */
  readonly file_ids: readonly FileId[];
}

/** The reply to `hello`: facts about this widget that the page needs. */
export interface Welcome {
  readonly kind: "welcome";
  /** `s3://bucket/prefix`, for people. */
  readonly destination: string;
  readonly multiple: boolean;
  readonly directory: boolean;
  readonly orders: readonly Order[];
}

/** The file has a key and a plan. */
export interface PlannedFile {
  readonly kind: "planned_file";
  readonly file_id: string;
  readonly key: string;
  readonly uri: string;
  /** Bytes. */
  readonly part_size: number;
  readonly parts_total: number;
  /** Whether the SHA-256 of the whole file is wanted. */
  readonly hash_file: boolean;
  /** Whether parts need their MD5 too. */
  readonly md5: boolean;
  /** Whether the key has an object that may be this very file: `compare_object` comes first. */
  readonly compare: boolean;
  /** `scheme://host` that the parts go to: each such origin has one pool. */
  readonly store: string;
}

/** The file cannot be uploaded as it is. */
export interface RefusedFile {
  readonly kind: "refused_file";
  readonly file_id: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/** The reply to `pick_files`, in its order. */
export interface FilesPicked {
  readonly kind: "files_picked";
  readonly files: readonly (PlannedFile | RefusedFile)[];
}

/** A part that S3 holds already; it counts once the file is known to have the same bytes. */
export interface FoundPart {
  readonly part_number: number;
  /** Bytes. */
  readonly size: number;
  /** Base64; `""` where the store does not list it. */
  readonly sha256: string;
  /** Base64, from the ETag; `""` where that is not an MD5. */
  readonly md5: string;
}

/** The upload is open; it may have been created on an earlier day. */
export interface MultipartUploadCreated {
  readonly kind: "multipart_upload_created";
  readonly file_id: string;
  readonly upload_id: string;
  readonly found: readonly FoundPart[];
  /** Bytes. */
  readonly part_size: number;
  readonly parts_total: number;
  /** Whether parts need their MD5 too. */
  readonly md5: boolean;
}

/** The object was, or may have been, made of these parts: hash the file so, and ask again. */
export interface ObjectCut {
  readonly kind: "object_cut";
  readonly file_id: string;
  /** Bytes. */
  readonly part_size: number;
  readonly parts_total: number;
  /** Whether parts need their MD5 too. */
  readonly md5: boolean;
  /** The parts with checksums that S3 reports: the first that differs ends the comparison. */
  readonly found: readonly FoundPart[];
}

/** The key has no object any more: upload the file. */
export interface ObjectGone {
  readonly kind: "object_gone";
  readonly file_id: string;
}

/** A URL that carries exactly one part. A secret: memory only. */
export interface PresignedPart {
  readonly kind: "presigned_part";
  readonly file_id: string;
  readonly part_number: number;
  readonly url: string;
  /** To be sent unchanged; the browser adds `host` and `content-length`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Seconds. */
  readonly expires_in: number;
}

/** A part for which no URL was presigned. */
export interface RefusedPart {
  readonly kind: "refused_part";
  readonly file_id: string;
  readonly part_number: number;
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/** The reply to `presign_parts`, in its order. */
export interface PartsPresigned {
  readonly kind: "parts_presigned";
  readonly parts: readonly (PresignedPart | RefusedPart)[];
}

/** The object is on S3 and proven equal to the file. */
export interface MultipartUploadCompleted {
  readonly kind: "multipart_upload_completed";
  readonly file_id: string;
  readonly uri: string;
  readonly sha256: string;
  readonly verified_by: VerifiedBy;
}

/** S3 does not show these parts as they were sent: send them again. */
export interface PartsMissing {
  readonly kind: "parts_missing";
  readonly file_id: string;
  readonly part_numbers: readonly number[];
}

/** The reply to `complete_files`, in its order. */
export interface FilesCompleted {
  readonly kind: "files_completed";
  readonly files: readonly (MultipartUploadCompleted | PartsMissing | RefusedFile)[];
}

/** S3 holds nothing of this file any more. */
export interface MultipartUploadAborted {
  readonly kind: "multipart_upload_aborted";
  readonly file_id: string;
}

/** The kernel has forgotten the file. */
export interface FileForgotten {
  readonly kind: "file_forgotten";
  readonly file_id: string;
}

/** An upload that may be resumed. */
export interface UnfinishedUpload {
  readonly key: string;
  readonly upload_id: string;
  readonly name: string;
  readonly uri: string;
  /** Bytes of the file; -1 if the kernel does not know. S3 does not report it. */
  readonly size: number;
  /** Bytes of the parts that S3 lists. */
  readonly bytes_done: number;
  readonly parts_done: number;
  /** Milliseconds since 1970, as the next. */
  readonly started: number;
  /** `started` if there is no part. */
  readonly last_part_at: number;
  /** `""` where S3 does not report it. */
  readonly initiator: string;
  /** Whether this kernel or the asking browser started it. */
  readonly own: boolean;
  /** Whether a page has picked the file for it, and may be sending. */
  readonly held: boolean;
}

/** Why S3 did not show everything. */
export interface Denial {
  readonly code: ErrorCode;
  /** Includes what to do. */
  readonly message: string;
}

/** The reply to `list_unfinished`, the newest first. */
export interface UnfinishedListed {
  readonly kind: "unfinished_listed";
  /** `scheme://host`, as in plans. */
  readonly store: string;
  readonly uploads: readonly UnfinishedUpload[];
  /** Ids of remembered uploads that S3 does not know any more. */
  readonly gone: readonly string[];
  /** The number of other people's uploads. */
  readonly others: number;
  /** One item where S3 did not show all, else none. */
  readonly denied: readonly Denial[];
}

/** S3 holds nothing of the upload any more. */
export interface UnfinishedAborted {
  readonly kind: "unfinished_aborted";
  readonly key: string;
}

/** The kernel's diagnosis. */
export interface Diagnosed {
  readonly kind: "diagnosed";
  readonly cause: "cors" | "unreachable_from_page" | "unavailable";
  readonly message: string;
}

/** The reply to `report_progress`. */
export interface ProgressNoted {
  readonly kind: "progress_noted";
  /** Orders that the page has not acknowledged yet. */
  readonly orders: readonly Order[];
  /** Ids of files that another page uploads now: this page has to stop. */
  readonly lost: readonly string[];
}

/** The request failed. */
export interface Failed {
  readonly kind: "failed";
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
}

/** An event: orders that were not acknowledged yet. */
export interface Orders {
  readonly kind: "orders";
  readonly orders: readonly Order[];
}

/** An event: the page has to report whether it reaches an address. */
export interface Reach {
  readonly kind: "reach";
  /** Grows with each `reach`; results of older ones are ignored. */
  readonly number: Count;
  /** `scheme://host` of the store. */
  readonly address: string;
}

export type Request =
  | Hello
  | PickFiles
  | CompareObject
  | CreateMultipartUpload
  | PresignParts
  | CompleteMultipartUpload
  | CompleteFiles
  | AbortMultipartUpload
  | ForgetFile
  | ListUnfinished
  | AbortUnfinished
  | Diagnose
  | ReportProgress;

export type Reply =
  | Welcome
  | FilesPicked
  | ObjectCut
  | ObjectGone
  | MultipartUploadCreated
  | PartsPresigned
  | MultipartUploadCompleted
  | PartsMissing
  | FilesCompleted
  | MultipartUploadAborted
  | FileForgotten
  | UnfinishedListed
  | UnfinishedAborted
  | Diagnosed
  | ProgressNoted
  | Failed;

/** How a request travels. The field is `rid`: ipykernel 7.4 gives `id` a meaning. */
export interface RequestEnvelope {
  readonly rid: string;
  /** The page's random name of itself. */
  readonly client: FileId;
  readonly request: Request;
}

/** How a reply travels. */
export interface ReplyEnvelope {
  readonly rid: string;
  readonly client: string;
  readonly reply: Reply;
}

/** How an event travels. */
export interface EventEnvelope {
  readonly event: Orders | Reach;
}

/** The request and the possible replies of each kind, besides `Failed`. */
export interface Calls {
  readonly hello: { request: Hello; reply: Welcome };
  readonly pick_files: { request: PickFiles; reply: FilesPicked };
  readonly compare_object: { request: CompareObject; reply: MultipartUploadCompleted | ObjectCut | ObjectGone };
  readonly create_multipart_upload: { request: CreateMultipartUpload; reply: MultipartUploadCreated };
  readonly presign_parts: { request: PresignParts; reply: PartsPresigned };
  readonly complete_multipart_upload: { request: CompleteMultipartUpload; reply: MultipartUploadCompleted | PartsMissing };
  readonly complete_files: { request: CompleteFiles; reply: FilesCompleted };
  readonly abort_multipart_upload: { request: AbortMultipartUpload; reply: MultipartUploadAborted };
  readonly forget_file: { request: ForgetFile; reply: FileForgotten };
  readonly list_unfinished: { request: ListUnfinished; reply: UnfinishedListed };
  readonly abort_unfinished: { request: AbortUnfinished; reply: UnfinishedAborted };
  readonly diagnose: { request: Diagnose; reply: Diagnosed };
  readonly report_progress: { request: ReportProgress; reply: ProgressNoted };
}

/** How long each kind of request takes to be answered. */
export const SPEEDS: Readonly<Record<keyof Calls, Speed>> = {
  hello: "prompt",
  pick_files: "quick",
  compare_object: "slow",
  create_multipart_upload: "quick",
  presign_parts: "quick",
  complete_multipart_upload: "slow",
  complete_files: "slow",
  abort_multipart_upload: "deleting",
  forget_file: "quick",
  list_unfinished: "quick",
  abort_unfinished: "deleting",
  diagnose: "quick",
  report_progress: "prompt",
};
