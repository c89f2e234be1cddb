/** The parts of a date by name, as text; what is not there is undefined. */
type Parts = Readonly<Record<string, string | undefined>>;

const MONTHS = [
  ...['january', 'february', 'march', 'april', 'may', 'june'],
  ...['july', 'august', 'september', 'october', 'november', 'december'],
];
/** RFC 822's names for the hours from UTC in America; Z, UT, UTC and GMT are 0. */
const AMERICAN: Parts = { est: '-5', edt: '-4', cst: '-6', cdt: '-5', mst: '-7', mdt: '-6', pst: '-8', pdt: '-7' };

/** A minus sign of typesetters counts too; the region behind it (`[Europe/Paris]`, `(CET)`) repeats what the offset says. */
const ZONE = String.raw`(?: *(?<zone>z|utc?|gmt|[ecmp][sd]t|(?:utc?|gmt)?[+\-\u2212]\d\d(?::?\d\d)?)(?: *(?:\[[^\]]*\]|\([^)]*\)))?)?`;
const SECONDS = String.raw`(?<second>\d\d)(?:[.,:](?<fraction>\d+))?`;
const HALF = String.raw`(?: *(?<half>[ap])\.?m\.?)?`;
const CLOCK = String.raw`(?<hour>\d\d?):(?<minute>\d\d)(?::${SECONDS})?${HALF}`;

const EXTENDED = new RegExp(
  String.raw`^(?<year>[+-]?\d{4,6})(?<dash>[-/])(?<month>\d\d)\k<dash>(?<day>\d\d)` +
    String.raw`(?:(?:t|_| +)(?<hour>\d\d)(?::?(?<minute>\d\d)(?::?${SECONDS})?)?${HALF})?${ZONE}$`,
  'i',
);
/** 10 digits are seconds since 1970 and 13 are milliseconds; 17 end in milliseconds, with no mark before them. */
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
/** As asctime and JavaScript write it, and Java, which puts the year last. */
const MONTH_FIRST = new RegExp(
  String.raw`^${WEEKDAY}(?<month>[a-z]{3,9})\.? +(?<day>\d\d?)(?:,? +(?<year>\d{4}))?(?:${BEFORE_CLOCK}${CLOCK})?${ZONE}(?: +(?<late>\d{4}))?$`,
  'i',
);

/** `2026-01-30T21:20:54.316Z` and what is close to it; null where it is another form, or no such day or time. */
export function parseIsoMs(text: string): number | null {
  const parts = EXTENDED.exec(text)?.groups ?? BASIC.exec(text)?.groups;
  return parts ? toInstantMs(parts, Number(parts['year']), Number(parts['month'])) : null;
}

/** `Fri, 30 Jan 2026 21:20:54 GMT` and its relatives; null where it is another form. */
export function parseNamedMonthMs(text: string): number | null {
  const parts = DAY_FIRST.exec(text)?.groups ?? MONTH_FIRST.exec(text)?.groups;
  if (!parts) return null;
  const { year = parts['late'], month = '' } = parts;
  const name = month.toLowerCase();
  const index = MONTHS.findIndex((each) => each.startsWith(name === 'sept' ? 'sep' : name));
  if (year === undefined || index < 0) return null;
  // RFC 2822, 4.3: two digits below 50 are of this century.
  const century = year.length > 2 ? 0 : Number(year) < 50 ? 2000 : 1900;
  return toInstantMs(parts, century + Number(year), index + 1);
}

/** Digits since 1970: their number tells seconds from ms, µs and ns. `/Date(1769808054316)/` is .NET's. */
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
  // The 31st of February would roll on into March.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  return withinDateRange(date.getTime() + ((hour24 * 60 + minute - offset) * 60 + second) * 1_000 + ms);
}

/** ISO 8601 has a 24:00 at the end of a day, and a second 60 where one leaps. */
function isTimeOfDay(hour: number, minute: number, second: number, ms: number, isHalf: boolean): boolean {
  if (isHalf) return hour >= 1 && hour <= 12 && minute <= 59 && second <= 59;
  if (hour === 24) return minute + second + ms === 0;
  return hour <= 23 && minute <= 59 && (second <= 59 || (second === 60 && minute === 59));
}

/** Minutes ahead of UTC; null where there is no such zone. */
function zoneMinutes(zone: string | undefined): number | null {
  const name = (zone ?? 'z').toLowerCase();
  const hours = AMERICAN[name];
  if (hours !== undefined) return Number(hours) * 60;
  const [, sign = '', hour = '0', minute = '0'] = /([+\-\u2212])(\d\d):?(\d\d)?$/.exec(name) ?? [];
  if (Number(hour) > 23 || Number(minute) > 59) return null;
  return (sign === '+' ? 1 : -1) * (Number(hour) * 60 + Number(minute)) + 0;
}

/** Dates reach 100 million days from 1970, and no further. */
function withinDateRange(ms: number): number | null {
  return Number.isNaN(new Date(ms).getTime()) ? null : ms;
}
