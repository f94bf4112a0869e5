/** How numbers, times and sizes are said, in one place. */

const spaced = new Intl.NumberFormat('en-GB');
const one = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 0, maximumFractionDigits: 1 });

/** `10,012`. */
export function count(n: number): string {
  return spaced.format(n);
}

/** A sentence begins with a capital letter, whoever wrote it. */
export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** One that stands alone: it begins so, and ends with a stop. */
export function sentence(text: string): string {
  return `${capital(text)}${/[.?!]$/.test(text) ? '' : '.'}`;
}

/** `1 device`, `2 devices`; `many` where adding an "s" is not enough. */
export function counted(n: number, noun: string, many = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : many}`;
}

/** `7.1 %`; never `100 %` for less than all, nor `0 %` for more than nothing. `–` of nothing. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '–';
  const percent = (part / whole) * 100;
  if (part > 0 && percent < 0.1) return '< 0.1 %';
  if (part < whole && percent > 99.9) return '> 99.9 %';
  return `${one.format(percent)} %`;
}

/** `412 kB`, `1.02 GB`, decimal units. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  // What would be said as a thousand of a unit is one of the next.
  const step = n < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(n * 1.0005) / 3));
  const value = n / 1_000 ** step;
  return `${value >= 100 || step === 0 ? Math.round(value) : Number(value.toPrecision(3))} ${units[step]}`;
}

/** `11 ms`, `4 s`, `1 min 20 s`, `1 h 22 min`, `6 d 4 h`: the two largest parts. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  const s = Math.floor(ms / 1_000);
  if (s < 60) return `${s} s`;
  const parts: readonly (readonly [number, string])[] = [[Math.floor(s / 86_400), 'd'], [Math.floor(s / 3_600) % 24, 'h'], [Math.floor(s / 60) % 60, 'min'], [s % 60, 's']];
  const first = parts.findIndex(([n]) => n > 0);
  return parts.slice(first, first + 2).filter(([n]) => n > 0).map(([n, unit]) => `${n} ${unit}`).join(' ');
}

/** `0:42`, `12:05`, `1:02:03`; never below zero. */
export function countdown(ms: number): string {
  const s = Math.max(0, Math.ceil(ms / 1_000));
  const [h, min, rest] = [Math.floor(s / 3_600), Math.floor(s / 60) % 60, s % 60];
  const two = (n: number): string => String(n).padStart(2, '0');
  return h > 0 ? `${h}:${two(min)}:${two(rest)}` : `${min}:${two(rest)}`;
}

/** `17 min`: how long ago; seconds only in the first minute, so that nothing ticks beside what one reads. */
export function age(at: string, nowMs: number): string {
  const ms = Math.max(0, nowMs - Date.parse(at));
  return duration(ms < 60_000 ? ms : ms - (ms % 60_000));
}

/** `4 s ago`, `1 h 22 min ago`; `just now` within a second. */
export function ago(at: string, nowMs: number): string {
  return nowMs - Date.parse(at) < 1_000 ? 'just now' : `${age(at, nowMs)} ago`;
}

const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const year = new Intl.DateTimeFormat('en-GB', { year: 'numeric' });
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const second = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** `03:14` today, `19 Nov 17:02` before or after, `20 Nov 2025 03:14` in another year. */
export function clockTime(at: string, nowMs: number): string {
  const ms = Date.parse(at);
  const ofYear = year.format(ms) === year.format(nowMs) ? '' : ` ${year.format(ms)}`;
  return ofYear === '' && day.format(ms) === day.format(nowMs) ? minute.format(ms) : `${day.format(ms)}${ofYear} ${minute.format(ms)}`;
}

/** `03:14:07`. */
export function clockSeconds(ms: number): string {
  return second.format(ms);
}

/** `Fri 20 Nov`. */
export function dayWords(ms: number): string {
  return weekday.format(ms).replace(',', '');
}

/** `14:06.812` past the hour's start is said in full: `03:14:06.812`, for logs. */
export function logTime(at: string): string {
  const ms = Date.parse(at);
  return `${second.format(ms)}.${String(ms % 1_000).padStart(3, '0')}`;
}

/** The zone of this browser, such as `CET`. */
export function zone(ms: number): string {
  return new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts(ms).find(({ type }) => type === 'timeZoneName')?.value ?? 'UTC';
}

/** `sha256:9f3c41…e07b`: what tells two apart, and both ends. Other ids of more than 20 characters alike. */
export function shortId(id: string): string {
  const [, prefix = '', rest = ''] = /^(sha256:)?(.*)$/.exec(id) ?? [];
  return rest.length <= 20 ? id : `${prefix}${rest.slice(0, 6)}…${rest.slice(-4)}`;
}

/** A sentence with its digests cut short: of two that differ, both ends of each are enough. */
export function shortDigests(text: string): string {
  return text.replaceAll(/(?:sha256:)?\b[0-9a-f]{64}\b/g, shortId);
}

/** `Pi 4 B` for `raspberry-pi-4b`; any other model as it is. */
export function modelWords(model: string): string {
  const [, words] = /^raspberry-pi-(.+)$/.exec(model) ?? [];
  if (words === undefined) return model;
  return `Pi ${words.replace(/^(\d)([a-z])$/, '$1 $2').replaceAll('-', ' ').replace(/\b[a-z]/g, (letter) => letter.toUpperCase())}`;
}
