/** The formats of `/raw` with their Content-Type. */
export const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
} as const;

/** A value of `?format=`. */
export type Format = keyof typeof CONTENT_TYPES;

/** The six report types with their formats. The vendor's texts contradict each other on json for the last two; the sandbox does not offer it. */
const REPORT_FORMATS = {
  unity: ['json', 'html', 'pdf'],
  ccdraw: ['html', 'pdf'],
  apidata: ['json'],
  timeline: ['json'],
  healthcheck: ['html', 'pdf'],
  highlights: ['html', 'pdf'],
} as const satisfies Record<string, readonly Format[]>;

/** A report type as the list of reports spells it. */
export type ReportType = keyof typeof REPORT_FORMATS;

/** Whether reports of this type are available in this format. */
export function hasFormat(type: ReportType, format: Format): boolean {
  return (REPORT_FORMATS[type] as readonly Format[]).includes(format);
}
