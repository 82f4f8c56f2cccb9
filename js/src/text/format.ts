/** Numbers as people read them. Decimal units, as S3's console and networks count. */

import { language, text } from "./text";

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;
/** Decimals by unit: enough to see an amount move, too few to make it flicker. */
const DECIMALS = [0, 0, 0, 1, 2] as const;
const MEGA = 2;

/** `10.4 GB`. */
export function bytes(count: number): string {
  const unit = unitOf(count);
  return `${inUnit(count, unit, count)} ${UNITS[unit]}`;
}

/** Two sizes that differ, to the byte where they would read the same. */
export function distinctSizes(one: number, other: number): [string, string] {
  if (bytes(one) !== bytes(other)) return [bytes(one), bytes(other)];
  return [`${count(one)} B`, `${count(other)} B`];
}

/** `3.2 of 10.4 GB`: both in the unit of the larger. */
export function bytesOf(done: number, total: number): string {
  const unit = unitOf(total);
  return text.view.of(inUnit(done, unit, total), bytes(total));
}

/** `87 MB/s`. */
export function rate(bytesPerSecond: number): string {
  return `${bytes(bytesPerSecond)}/s`;
}

/** `1 min 22 s`, `3 h 5 min`, `2 d 4 h`: two units, because more would pretend to know. */
export function duration(seconds: number): string {
  const { day, hour, minute, second } = text.view.units;
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} ${second}`;
  if (whole < 3600) return pair(whole, 60, minute, second);
  if (whole < 86_400) return pair(Math.round(whole / 60), 60, hour, minute);
  return pair(Math.round(whole / 3600), 24, day, hour);
}

const AGO = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
] as const;

/** `5 minutes ago`. */
export function ago(moment: number): string {
  const seconds = Math.max(1, Math.round((Date.now() - moment) / 1000));
  const [unit, length] = AGO.find(([, length]) => seconds >= length) ?? AGO[3];
  const format = new Intl.RelativeTimeFormat(language, { numeric: "auto" });
  return format.format(-Math.floor(seconds / length), unit);
}

/** Whole percent; 100 is reserved for files that are proven to be on S3. */
export function percent(done: number, total: number, complete: boolean): number {
  if (complete) return 100;
  return total > 0 ? Math.min(99, Math.floor((done * 100) / total)) : 0;
}

/** `1,800`. */
export function count(number: number): string {
  return number.toLocaleString(language);
}

function unitOf(number: number): number {
  let unit = 0;
  while (unit < UNITS.length - 1 && number >= 999.5 * 1000 ** unit) unit += 1;
  return unit;
}

/** With as many decimals as `like` needs, an amount in the same unit. */
function inUnit(number: number, unit: number, like: number): string {
  const few = unit === MEGA && like < 10 * 1000 ** MEGA;
  const decimals = few ? 1 : (DECIMALS[unit] ?? 0);
  return (number / 1000 ** unit).toLocaleString(language, {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
}

function pair(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size;
  const whole = `${Math.floor(amount / size)} ${large}`;
  return rest === 0 ? whole : `${whole} ${rest} ${small}`;
}
