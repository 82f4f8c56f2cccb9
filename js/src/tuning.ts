/** Time constants of the engine, in milliseconds unless named otherwise, and its counts. */

export interface Tuning {
  /** When an unanswered request is sent again: after these, then at the last one's pace. */
  readonly resendMs: readonly number[];
  /** A report this old without an answer: the page says that it waits for the kernel. */
  readonly kernelSilentMs: number;
  /** Any request this old without an answer: a report tells whether the kernel listens. */
  readonly kernelDoubtMs: number;
  /** Nothing heard for so long, from the beginning: there may be no kernel at all. */
  readonly kernelMissingMs: number;
  /** Requests to the kernel on their way at once. */
  readonly requests: number;
  /** The pause between two progress reports. */
  readonly reportMs: number;
  /** A part without progress for so long gets a new connection. */
  readonly stallMs: number;
  /** How often a store that does not answer is tried. */
  readonly probeMs: number;
  /** How long a store may take to answer at all, where only that is tried. */
  readonly reachMs: number;
  /** The first pause before a part is tried again; doubles each time, with full jitter. */
  readonly retryMs: number;
  readonly retryCapMs: number;
  /** Answers other than 2xx that one part may get in a row. */
  readonly tries: number;
  /** Times a part may get no answer in a row before its store counts as unreachable. */
  readonly losses: number;
  /** Signed and hashed parts reach this far ahead, in seconds of the present rate … */
  readonly windowSeconds: number;
  /** … but at least and at most so many parts. */
  readonly windowMin: number;
  readonly windowMax: number;
  /** How often the page looks how far another one is with an upload. */
  readonly lookMs: number;
}

const DEFAULTS: Tuning = {
  resendMs: [700, 1500, 3000, 6000, 30_000],
  kernelSilentMs: 1500,
  kernelDoubtMs: 1000,
  kernelMissingMs: 10_000,
  requests: 4,
  reportMs: 500,
  stallMs: 30_000,
  probeMs: 30_000,
  reachMs: 4000,
  retryMs: 500,
  retryCapMs: 30_000,
  tries: 8,
  losses: 5,
  windowSeconds: 600,
  windowMin: 8,
  windowMax: 1000,
  lookMs: 5000,
};

declare global {
  /** Tests set it before the bundle is loaded. */
  var s3upload_widget_tuning: Partial<Tuning> | undefined;
}

export const tuning: Tuning = { ...DEFAULTS, ...globalThis.s3upload_widget_tuning };
