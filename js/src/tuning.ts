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
  /** An idle kernel that leaves a report unanswered for so long does not hear this page. */
  readonly kernelDeafMs: number;
  /** Requests to the kernel on their way at once. */
  readonly requests: number;
  /** The pause between two progress reports. */
  readonly reportMs: number;
  /** Small files that were sent wait so long for others, to be completed and proven with them. */
  readonly gatherMs: number;
  /** A part without progress for so long gets a new connection. */
  readonly stallMs: number;
  /** A part without progress for so long: the page looks whether it can still be read. */
  readonly stillMs: number;
  /** Nothing moved for so long on any connection: the store is asked whether it is there. */
  readonly silenceMs: number;
  /** The pause between two such questions, as long as there is no answer. */
  readonly outageProbeMs: number;
  /** How often a store that does not answer is tried with a part. */
  readonly probeMs: number;
  /** The first such pause where something answers short requests; doubles each time. */
  readonly soonMs: number;
  /** How long a store may take to answer at all, where only that is tried. */
  readonly reachMs: number;
  /** Where the bytes of six parts take longer, one is sent at a time: a gateway's own patience. */
  readonly slowMs: number;
  /** How long the first parts are watched, before a line is taken for so slow. */
  readonly watchMs: number;
  /** How long the pace of lanes is watched, before more of them are tried. */
  readonly paceMs: number;
  /** When more lanes are tried again that did not help, or were too many. */
  readonly growAgainMs: number;
  /** When a name of a store that failed is tried again; doubles each time. */
  readonly returnMs: number;
  /** The first pause before a part is tried again; doubles each time, with full jitter. */
  readonly retryMs: number;
  readonly retryCapMs: number;
  /** Answers other than 2xx that one part may get in a row. */
  readonly tries: number;
  /** Parts of a store that may get no answer in a row before it is asked whether it is there. */
  readonly losses: number;
  /** The most that parts are held back while somebody finds out why one got no answer. */
  readonly holdMs: number;
  /** Signed and hashed parts reach this far ahead, in seconds of the present rate … */
  readonly windowSeconds: number;
  /** … but at least so many parts for six lanes, and at most so many. */
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
  kernelDeafMs: 15_000,
  requests: 4,
  reportMs: 500,
  gatherMs: 1000,
  stallMs: 30_000,
  stillMs: 2000,
  silenceMs: 11_000,
  outageProbeMs: 3000,
  probeMs: 30_000,
  soonMs: 2000,
  reachMs: 5000,
  slowMs: 60_000,
  watchMs: 5000,
  paceMs: 250,
  growAgainMs: 30_000,
  returnMs: 3000,
  retryMs: 500,
  retryCapMs: 30_000,
  tries: 8,
  losses: 5,
  holdMs: 3000,
  windowSeconds: 600,
  windowMin: 12,
  windowMax: 1000,
  lookMs: 5000,
};

declare global {
  /** Tests set it before the bundle is loaded. */
  var s3upload_widget_tuning: Partial<Tuning> | undefined;
}

export const tuning: Tuning = { ...DEFAULTS, ...globalThis.s3upload_widget_tuning };
