/** The named groups of a match. */
type Parts = Readonly<Record<string, string | undefined>>;

const MONTHS = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
];
/** The American zones of RFC 822, in hours from UTC. Z, UT, UTC and GMT are 0. */
const AMERICAN: Parts = { est: '-5', edt: '-4', cst: '-6', cdt: '-5', mst: '-7', mdt: '-6', pst: '-8', pdt: '-7' };

/** Also with U+2212 as minus; a region after the offset (`[Europe/Paris]`, `(CET)`) is ignored. */
const ZONE = String.raw`(?: *(?<zone>z|utc?|gmt|[ecmp][sd]t|(?:utc?|gmt)?[+\-\u2212]\d\d(?::?\d\d)?)(?: *(?:\[[^\]]*\]|\([^)]*\)))?)?`;
const SECONDS = String.raw`(?<second>\d\d)(?:[.,:](?<fraction>\d+))?`;
const HALF = String.raw`(?: *(?<half>[ap])\.?m\.?)?`;
const CLOCK = String.raw`(?<hour>\d\d?):(?<minute>\d\d)(?::${SECONDS})?${HALF}`;

const EXTENDED = new RegExp(
  String.raw`^(?<year>[+-]?\d{4,6})(?<dash>[-/])(?<month>\d\d)\k<dash>(?<day>\d\d)` +
    String.raw`(?:(?:t|_| +)(?<hour>\d\d)(?::?(?<minute>\d\d)(?::?${SECONDS})?)?${HALF})?${ZONE}$`,
  'i',
);
/** 17 digits end in milliseconds without a separator; 10 and 13 digits are an epoch time. */
const BASIC = new RegExp(
  String.raw`^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)` +
    String.raw`(?:(?:t| )?(?<hour>\d\d)(?<minute>\d\d)(?:(?<second>\d\d)(?:[.,](?<fraction>\d+)|(?<millis>\d{3}))?)?)?${ZONE}$`,
  'i',
);
const WEEKDAY = '(?:[a-z]{3,9},? +)?';
const BEFORE_CLOCK = ',?(?: at)? +';
const DAY_FIRST = new RegExp(
  String.raw`^${WEEKDAY}(?<day>\d\d?)(?:-| +)(?<month>[a-z]{3,9})\.?,?(?:-| +)(?<year>\d{4}|\d\d)(?:${BEFORE_CLOCK}${CLOCK})?${ZONE}$`,
  'i',
);
/** The form of asctime and JavaScript, and of Java, which puts the year last. */
const MONTH_FIRST = new RegExp(
  String.raw`^${WEEKDAY}(?<month>[a-z]{3,9})\.? +(?<day>\d\d?)(?:,? +(?<year>\d{4}))?(?:${BEFORE_CLOCK}${CLOCK})?${ZONE}(?: +(?<late>\d{4}))?$`,
  'i',
);

/** `2026-01-30T21:20:54.316Z` and similar; null for another form, and for a day or time that does not exist. */
export function parseIsoMs(text: string): number | null {
  const parts = EXTENDED.exec(text)?.groups ?? BASIC.exec(text)?.groups;
  return parts ? toInstantMs(parts, Number(parts['year']), Number(parts['month'])) : null;
}

/** `Fri, 30 Jan 2026 21:20:54 GMT` and similar; null for another form. */
export function parseNamedMonthMs(text: string): number | null {
  const parts = DAY_FIRST.exec(text)?.groups ?? MONTH_FIRST.exec(text)?.groups;
  if (!parts) return null;
  const { year = parts['late'], month = '' } = parts;
  const name = month.toLowerCase();
  const index = MONTHS.findIndex((each) => each.startsWith(name === 'sept' ? 'sep' : name));
  if (year === undefined || index < 0) return null;
  // RFC 2822, 4.3: two digits below 50 are years from 2000 on.
  const century = year.length > 2 ? 0 : Number(year) < 50 ? 2000 : 1900;
  return toInstantMs(parts, century + Number(year), index + 1);
}

/** A time since 1970 in s, ms, µs or ns, by the number of digits; `/Date(1769808054316)/` is .NET's form. Null for another form. */
export function parseEpochMs(text: string): number | null {
  const dotNet = /^\/Date\((-?\d{1,16})(?:[+-]\d{4})?\)\/$/.exec(text)?.[1];
  if (dotNet !== undefined) return withinDateRange(Number(dotNet));
  if (/^-?\d\.\d{1,17}e\+?\d\d?$/i.test(text)) {
    const written = `${Number(text)}`;
    return written.includes('e') ? null : parseEpochMs(written); // JavaScript writes an exponent from 1e21 on
  }
  const [, sign = '', whole = '', fraction = ''] = /^(-?)(\d{10,19})(?:\.(\d+))?$/.exec(text) ?? [];
  const digits: Readonly<Record<number, string>> = {
    10: whole + fraction.padEnd(3, '0').slice(0, 3),
    12: whole,
    13: whole,
    16: whole.slice(0, -3),
    19: whole.slice(0, -6),
  };
  const ms = digits[whole.length];
  return ms === undefined ? null : Number(sign + ms) + 0;
}

function toInstantMs(parts: Parts, year: number, month: number): number | null {
  const [day, hour, minute, second] = ['day', 'hour', 'minute', 'second'].map((name) => Number(parts[name] ?? 0));
  const { half, fraction = parts['millis'] ?? '' } = parts;
  const offset = zoneMinutes(parts['zone']);
  if (day === undefined || hour === undefined || minute === undefined || second === undefined) return null;
  const ms = Number(fraction.padEnd(3, '0').slice(0, 3));
  const hour24 = half === undefined ? hour : (hour % 12) + (half.toLowerCase() === 'p' ? 12 : 0);
  if (!isTimeOfDay(hour, minute, second, ms, half !== undefined) || offset === null) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // 31 February would become a day in March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return withinDateRange(date.getTime() + ((hour24 * 60 + minute - offset) * 60 + second) * 1_000 + ms);
}

/** ISO 8601 allows 24:00 at the end of a day, and second 60 for a leap second. */
function isTimeOfDay(hour: number, minute: number, second: number, ms: number, isHalf: boolean): boolean {
  if (isHalf) return hour >= 1 && hour <= 12 && minute <= 59 && second <= 59;
  if (hour === 24) return minute + second + ms === 0;
  return hour <= 23 && minute <= 59 && (second <= 59 || (second === 60 && minute === 59));
}

/** Minutes ahead of UTC; null for an unknown zone. */
function zoneMinutes(zone: string | undefined): number | null {
  const name = (zone ?? 'z').toLowerCase();
  const hours = AMERICAN[name];
  if (hours !== undefined) return Number(hours) * 60;
  const [, sign = '', hour = '0', minute = '0'] = /([+\-\u2212])(\d\d):?(\d\d)?$/.exec(name) ?? [];
  if (Number(hour) > 23 || Number(minute) > 59) return null;
  return (sign === '+' ? 1 : -1) * (Number(hour) * 60 + Number(minute)) + 0;
}

/** A Date holds 100 million days from 1970. */
function withinDateRange(ms: number): number | null {
  return Number.isNaN(new Date(ms).getTime()) ? null : ms;
}
