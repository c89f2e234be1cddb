/** The date of birth as it may be sent, in words for an error. */
export const BIRTH_DATE_EXPECTED =
  'YYYY-MM-DD, M/D/YY, M/D/YYYY or a date and time as YYYY-MM-DDTHH:mm[:ss[.sss]][zone]';

const ISO = /^(\d{4})-(\d\d)-(\d\d)(T\d\d:\d\d(:\d\d(\.\d{3})?)?(Z|[+-]\d\d:?\d\d)?)?$/;
const AMERICAN = /^(\d{1,2})\/(\d{1,2})\/(\d{2}|\d{4})$/;

/** The calendar day of a birth date as midnight UTC (`YYYY-MM-DDT00:00:00.000Z`); null for any other form or a day that never was. */
export function parseBirthDate(text: string, nowMs: number): string | null {
  const iso = ISO.exec(text);
  if (iso) return midnight(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const american = AMERICAN.exec(text);
  if (!american) return null;
  const [, month, day, year = ''] = american;
  return midnight(year.length === 2 ? pastCentury(Number(year), nowMs) : Number(year), Number(month), Number(day));
}

/** Two digits mean the latest such year that is not in the future: nobody is invited before birth. */
function pastCentury(twoDigits: number, nowMs: number): number {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const inThisCentury = Math.floor(thisYear / 100) * 100 + twoDigits;
  return inThisCentury <= thisYear ? inThisCentury : inThisCentury - 100;
}

function midnight(year: number, month: number, day: number): string | null {
  const date = new Date(Date.UTC(year, month - 1, day));
  // Date.UTC rolls 30 February over into March and takes years below 100 for 19xx: such days are refused.
  const exact = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exact ? date.toISOString() : null;
}
