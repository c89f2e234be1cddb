/** Formats that `/raw` can be asked for, with the Content-Type of the answer. */
export const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
} as const;

/** A format by its name in `?format=`. */
export type Format = keyof typeof CONTENT_TYPES;

/** The six report types and the formats of each. The vendor's texts differ on json for the last two: here they do not have it. */
const REPORT_FORMATS = {
  unity: ['json', 'html', 'pdf'],
  ccdraw: ['html', 'pdf'],
  apidata: ['json'],
  timeline: ['json'],
  healthcheck: ['html', 'pdf'],
  highlights: ['html', 'pdf'],
} as const satisfies Record<string, readonly Format[]>;

/** A report type as the list spells it. */
export type ReportType = keyof typeof REPORT_FORMATS;

/** Whether a report of that type is to be had in that format. */
export function offers(type: ReportType, format: Format): boolean {
  return (REPORT_FORMATS[type] as readonly Format[]).includes(format);
}
