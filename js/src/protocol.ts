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
  | "incomparable"
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
  | "worker"
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

/** Of a gateway that gets no answer from S3, or is overloaded: S3's own errors have a code. */
export const GATEWAY_STATUSES: readonly number[] = [
  408,
  499,
  502,
  503,
  504,
  520,
  521,
  522,
  523,
  524,
  525,
  526,
  527,
];

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
 * keep S3 busy for minutes; `deleting` is sent again until S3 answers, and nothing waits for it;
 * `relaying` lasts as long as a part is on its way, and the lanes bound how many there are.
 * Each but `prompt` has a queue of its own, so that none waits behind a slower one.
 */
export type Speed = "prompt" | "quick" | "slow" | "deleting" | "relaying";

/** How parts get to S3: `direct` from the page, `relay` through the kernel, or `auto`. */
export type Transport = "auto" | "direct" | "relay";

/** Bytes of a part that one message carries at most: Jupyter's websocket closes at 10 MiB. */
export const MAX_FRAME = 4194304;

/**
 * Bytes of a part that one message carries at least, unless the part ends: what a host of notebooks
 * loses because it is too large arrives in halves.
 */
export const LEAST_FRAME = 65536;

/** Why a page gets no answer from a store, as far as the kernel finds out. */
export type KernelObstacle =
  | "cors"
  | "body_limit"
  | "request_changed"
  | "refused_by_proxy"
  | "gateway"
  | "unavailable"
  | "unreachable_from_page"
  | "untrusted_certificate"
  | "mixed_content";

/** The same, as far as the page itself sees it; its word counts first. */
export type PageObstacle =
  | "content_security_policy"
  | "local_network_denied"
  | "local_network_insecure"
  | "local_network_frame"
  | "blocked";

export type Obstacle = KernelObstacle | PageObstacle;

/** The network that an address is of. */
export type Space = "public" | "local" | "loopback";

/** Whether the kernel gets parts through where the page does not. */
export type Relay = "cures" | "may_help" | "useless";

/** The page has loaded, for the first time or again. */
export interface Hello {
  readonly kind: "hello";
  readonly version: number;
  /** `location.origin` of the page. */
  readonly origin: Text;
}

/** The page has no model that holds the code of all widgets; the first module asks for it. */
export interface FetchPageCode {
  readonly kind: "fetch_page_code";
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
  /**
   * The user's answer to a conflict; `""` before there was one. `read`: have the object read
   * back, however large it is, and compared.
   */
  readonly if_exists: "" | "overwrite" | "rename" | "read";
  /**
   * Whether the page has another file of this path, size and date, which has other bytes:
   * this one is no second pick of it.
   */
  readonly twin: boolean;
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

/** S3's refusal of a part that the page sent. */
export interface PartRefusal {
  readonly status: number;
  readonly s3_code: string;
  /** S3's own words, without secrets. */
  readonly said: string;
  /** Names of those that were sent with it. */
  readonly headers: readonly Text[];
}

/** One part that was hashed. */
export interface PartChecksums {
  readonly file_id: FileId;
  readonly part_number: PartNumber;
  readonly sha256: Sha256;
  readonly md5: Md5;
  /** The answer to its last PUT, if that was a refusal: the next one may have to be another. */
  readonly refused: readonly PartRefusal[];
  /** Whether the whole part left the page before, and no answer told what became of it. */
  readonly perhaps_stored: boolean;
}

/** Presign URLs that carry exactly these parts; S3 is asked first for those perhaps stored. */
export interface PresignParts {
  readonly kind: "presign_parts";
  readonly parts: readonly PartChecksums[];
  /**
   * Where each of the parts is to be sent, of `routes_found`; shorter than `parts`, or with
   * a name that is none of the store's, the store's first name is meant.
   */
  readonly origins: readonly Text[];
}

/**
 * Send a part to S3 from the kernel, which requests its bytes by `wanted` meanwhile.
 *
 * S3 is asked first for one that is perhaps stored.
 */
export interface RelayPart {
  readonly kind: "relay_part";
  /** The page's random name for this try; the same name again gets the same answer. */
  readonly stream: FileId;
  readonly part: PartChecksums;
}

/** Bytes that the kernel wanted, as the message's one binary buffer. */
export interface RelayFrame {
  readonly kind: "relay_frame";
  readonly stream: FileId;
  /** Inside the part. */
  readonly offset: Bytes;
}

/** The page sends no more of this part: it was paused or aborted. */
export interface EndRelay {
  readonly kind: "end_relay";
  readonly stream: FileId;
}

/** Find out how many bytes of a buffer arrive: not every host passes buffers on. */
export interface TryFrame {
  readonly kind: "try_frame";
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
  /** Of S3's answer to the one PUT; `""` where the page may not read it. */
  readonly etag: string;
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

/** Find out which names of the store let this page in, and whether with credentials, too. */
export interface FindRoutes {
  readonly kind: "find_routes";
  /** Of any file that goes there. */
  readonly file_id: FileId;
  /** `location.origin` of the page. */
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

/** Another widget of the page has these files from now on. */
export interface HandOver {
  readonly kind: "hand_over";
  readonly file_ids: readonly FileId[];
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
  readonly transport: Transport;
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
  /** The kernel's address of the store, for code that reads the file; `""` where that is AWS. */
  readonly endpoint: string;
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
  /** What keeps this page from the store, as far as it is known before a byte; one item at most. */
  readonly obstacles: readonly Diagnosed[];
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
  /** Names in `extra_args` that do not come into effect: the upload was created without them. */
  readonly without: readonly string[];
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

/** A part that S3 holds already, with these very bytes: it is not sent again. */
export interface StoredPart {
  readonly kind: "stored_part";
  readonly file_id: string;
  readonly part_number: number;
}

/** The reply to `presign_parts`, in its order. */
export interface PartsPresigned {
  readonly kind: "parts_presigned";
  readonly parts: readonly (PresignedPart | RefusedPart | StoredPart)[];
}

/** S3's answer to a part that the kernel sent. */
export interface PartAnswered {
  readonly kind: "part_answered";
  readonly status: number;
  /** Verbatim; `""` if there is none. */
  readonly etag: string;
  /** Of a refusal, at most its first 16 KiB; else `""`. */
  readonly document: string;
}

/** The part came to no answer of S3. */
export interface PartUnanswered {
  readonly kind: "part_unanswered";
  /** Whether that is because the kernel waited too long for the page's bytes. */
  readonly starved: boolean;
}

/** A frame arrived, whether or not it was of use. */
export interface FrameTaken {
  readonly kind: "frame_taken";
  /** Bytes of the buffer; 0 if none arrived. */
  readonly size: number;
}

/** The kernel has dropped what it had of the part. */
export interface RelayEnded {
  readonly kind: "relay_ended";
  readonly stream: string;
}

/** The object is on S3 and proven equal to the file. */
export interface MultipartUploadCompleted {
  readonly kind: "multipart_upload_completed";
  readonly file_id: string;
  readonly uri: string;
  readonly sha256: string;
  readonly verified_by: VerifiedBy;
  /** Names in `extra_args` that did not come into effect: the object was there already. */
  readonly without: readonly string[];
}

/** S3 does not show these parts as they were sent: send them again. */
export interface PartsMissing {
  readonly kind: "parts_missing";
  readonly file_id: string;
  readonly part_numbers: readonly number[];
}

/** The reply to `fetch_page_code`: the packed script, and the style sheet. */
export interface PageCodeFetched {
  readonly kind: "page_code_fetched";
  readonly script: string;
  readonly style: string;
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
  readonly cause: KernelObstacle;
  readonly message: string;
  /** As in `OBSTACLES`; `useless` where the kernel would have to send the same way. */
  readonly relay: Relay;
  /**
   * Of the store, if its network is more private than the page's, as far as the kernel knows the
   * names of both; else `public`.
   */
  readonly space: Space;
}

/** One of the names of a store. */
export interface Route {
  /** `scheme://host`; the first of all is the store's name in plans. */
  readonly origin: string;
  /** Whether requests may carry credentials: browsers keep other connections for those. */
  readonly credentials: boolean;
}

/** The reply to `find_routes`: one name at least. */
export interface RoutesFound {
  readonly kind: "routes_found";
  readonly routes: readonly Route[];
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

/** An event: the kernel reads an object back to compare it. Losing one is harmless. */
export interface ObjectRead {
  readonly kind: "object_read";
  readonly file_id: string;
  readonly bytes_read: number;
}

/** An event: the page has to send these bytes of a part. It comes again until they arrive. */
export interface Wanted {
  readonly kind: "wanted";
  readonly stream: string;
  /** Inside the part. */
  readonly offset: number;
  /** Bytes, `MAX_FRAME` at most. */
  readonly size: number;
}

export type Request =
  | Hello
  | FetchPageCode
  | PickFiles
  | CompareObject
  | CreateMultipartUpload
  | PresignParts
  | RelayPart
  | RelayFrame
  | EndRelay
  | TryFrame
  | CompleteMultipartUpload
  | CompleteFiles
  | AbortMultipartUpload
  | ForgetFile
  | ListUnfinished
  | AbortUnfinished
  | Diagnose
  | FindRoutes
  | ReportProgress
  | HandOver;

export type Reply =
  | Welcome
  | PageCodeFetched
  | FilesPicked
  | ObjectCut
  | ObjectGone
  | MultipartUploadCreated
  | PartsPresigned
  | PartAnswered
  | PartUnanswered
  | StoredPart
  | FrameTaken
  | RelayEnded
  | MultipartUploadCompleted
  | PartsMissing
  | FilesCompleted
  | MultipartUploadAborted
  | FileForgotten
  | UnfinishedListed
  | UnfinishedAborted
  | Diagnosed
  | RoutesFound
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
  readonly event: Orders | Reach | ObjectRead | Wanted;
}

/** The request and the possible replies of each kind, besides `Failed`. */
export interface Calls {
  readonly hello: { request: Hello; reply: Welcome };
  readonly fetch_page_code: { request: FetchPageCode; reply: PageCodeFetched };
  readonly pick_files: { request: PickFiles; reply: FilesPicked };
  readonly compare_object: { request: CompareObject; reply: MultipartUploadCompleted | ObjectCut | ObjectGone };
  readonly create_multipart_upload: { request: CreateMultipartUpload; reply: MultipartUploadCreated };
  readonly presign_parts: { request: PresignParts; reply: PartsPresigned };
  readonly relay_part: { request: RelayPart; reply: PartAnswered | PartUnanswered | StoredPart };
  readonly relay_frame: { request: RelayFrame; reply: FrameTaken };
  readonly end_relay: { request: EndRelay; reply: RelayEnded };
  readonly try_frame: { request: TryFrame; reply: FrameTaken };
  readonly complete_multipart_upload: { request: CompleteMultipartUpload; reply: MultipartUploadCompleted | PartsMissing };
  readonly complete_files: { request: CompleteFiles; reply: FilesCompleted };
  readonly abort_multipart_upload: { request: AbortMultipartUpload; reply: MultipartUploadAborted };
  readonly forget_file: { request: ForgetFile; reply: FileForgotten };
  readonly list_unfinished: { request: ListUnfinished; reply: UnfinishedListed };
  readonly abort_unfinished: { request: AbortUnfinished; reply: UnfinishedAborted };
  readonly diagnose: { request: Diagnose; reply: Diagnosed };
  readonly find_routes: { request: FindRoutes; reply: RoutesFound };
  readonly report_progress: { request: ReportProgress; reply: ProgressNoted };
  readonly hand_over: { request: HandOver; reply: ProgressNoted };
}

/** How long each kind of request takes to be answered. */
export const SPEEDS: Readonly<Record<keyof Calls, Speed>> = {
  hello: "prompt",
  fetch_page_code: "prompt",
  pick_files: "quick",
  compare_object: "slow",
  create_multipart_upload: "quick",
  presign_parts: "quick",
  relay_part: "relaying",
  relay_frame: "prompt",
  end_relay: "prompt",
  try_frame: "prompt",
  complete_multipart_upload: "slow",
  complete_files: "slow",
  abort_multipart_upload: "deleting",
  forget_file: "quick",
  list_unfinished: "quick",
  abort_unfinished: "deleting",
  diagnose: "quick",
  find_routes: "quick",
  report_progress: "prompt",
  hand_over: "prompt",
};

/** Whether files wait where they meet an obstacle, and whether the kernel gets parts through. */
export const OBSTACLES: Readonly<Record<Obstacle, { readonly waits: boolean; readonly relay: Relay }>> = {
  cors: { waits: false, relay: "cures" },
  body_limit: { waits: false, relay: "cures" },
  request_changed: { waits: false, relay: "cures" },
  refused_by_proxy: { waits: false, relay: "cures" },
  gateway: { waits: true, relay: "may_help" },
  unavailable: { waits: true, relay: "useless" },
  unreachable_from_page: { waits: true, relay: "may_help" },
  untrusted_certificate: { waits: true, relay: "useless" },
  mixed_content: { waits: false, relay: "cures" },
  content_security_policy: { waits: false, relay: "cures" },
  local_network_denied: { waits: true, relay: "cures" },
  local_network_insecure: { waits: false, relay: "cures" },
  local_network_frame: { waits: false, relay: "cures" },
  blocked: { waits: false, relay: "cures" },
};
