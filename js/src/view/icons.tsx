/** Small drawings, 16 by 16, in the colour of the text beside them. */

import type { JSX } from "preact";

const PATHS = {
  upload: "M8 11V3M4.5 6 8 2.5 11.5 6M2.5 11v2.5h11V11",
  queued: "M4 8h.01M8 8h.01M12 8h.01",
  checking: "M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9ZM10.5 10.5 14 14",
  uploading: "M8 13V3.5M4 7l4-4 4 4",
  waiting: "M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 5v3l2 1.5",
  paused: "M5.5 3.5v9M10.5 3.5v9",
  completing:
    "M8 1.8 13 3.6v4c0 3.2-2.1 5.4-5 6.6-2.9-1.2-5-3.4-5-6.6v-4L8 1.8ZM5.8 8l1.6 1.6 2.9-3.2",
  done: "M3 8.5 6.5 12 13 4.5",
  failed: "M8 2 14.5 13.5h-13L8 2ZM8 6.5v3M8 11.5h.01",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  resume: "M5 3.2v9.6L12.5 8 5 3.2Z",
  retry: "M13 8a5 5 0 1 1-1.5-3.6M13.2 2v2.8h-2.8",
  discard: "M2.5 4h11M6 4V2.5h4V4M4 4l.7 9.5h6.6L12 4M6.7 6.5v4.5M9.3 6.5v4.5",
  open: "M4.5 6.5 8 10l3.5-3.5",
  clear: "M4 4l8 8M12 4l-8 8",
  copy: "M5.5 5.5h8v8h-8ZM10.5 5.5v-3h-8v8h3",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }): JSX.Element {
  return (
    <svg class="s3up-icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
