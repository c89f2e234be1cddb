import { API_KEY } from '../support/installation';

/** What the planted details of a start by the api are. */
export interface PlantedDetails {
  readonly clientUserEmail: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly dateOfBirth: string;
  readonly suggestedSources: readonly string[];
}

/** What the api sent that must not contain personal data. */
export interface ApiTraffic {
  readonly headers: Buffer;
  /** All but the details, links and documents that were asked for. */
  readonly bodies: Buffer;
  /** By `METHOD path`. */
  readonly statuses: ReadonlyMap<string, number>;
}

interface Call {
  readonly method?: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Its body has personal data on purpose. */
  readonly isPersonal?: boolean;
}

/**
 * Starts `clientUserId` with planted details, steers it with a planted note, reads every route, also of a `closed` applicant with documents, and makes
 * mistakes with the planted values in every part of a request.
 */
export async function callApi(
  url: string,
  planted: {
    readonly details: PlantedDetails;
    readonly note: string;
    readonly clientUserId: string;
    readonly closed: string;
  },
): Promise<ApiTraffic> {
  const { details, note, clientUserId, closed } = planted;
  const applicant = `/applicants/${clientUserId}`;
  const inADay = new Date(Date.now() + 86_400_000).toISOString();
  const name = encodeURIComponent(`${details.firstName} ${details.lastName}`);
  const start = { ...details, clientUserId };
  const calls: readonly Call[] = [
    { method: 'POST', path: '/applicants', body: start },
    { method: 'POST', path: '/applicants', body: start },
    // Mistakes.
    {
      method: 'POST',
      path: '/applicants',
      body: { ...start, firstName: details.lastName, lastName: details.firstName },
    },
    {
      method: 'POST',
      path: '/applicants',
      body: { ...start, clientUserId: `${details.firstName} ${details.lastName}` },
    },
    {
      method: 'POST',
      path: '/applicants',
      body: { ...start, clientUserEmail: details.lastName, dateOfBirth: `${details.dateOfBirth}x` },
    },
    { method: 'POST', path: '/applicants', body: { ...start, [details.lastName]: details.firstName } },
    { method: 'POST', path: '/applicants', body: `{"firstName": "${details.firstName}", ` },
    {
      method: 'POST',
      path: '/applicants',
      body: start,
      headers: { 'X-On-Behalf-Of': `${details.firstName} ${details.lastName}` },
    },
    { method: 'POST', path: `${applicant}/cancel`, body: { reasonCode: note, note } },
    { method: 'POST', path: `${applicant}/cancel`, body: { reasonCode: 'other', note: note.repeat(60) } },
    { path: `/applicants/${name}` },
    { path: `/applicants?firstName=${name}` },
    { path: `/applicants?prefix=${name}` },
    { path: `/applicants?cursor=${name}` },
    { path: `/applicants/${closed}/documents/${name}` },
    { path: `/${name}` },
    { path: '/applicants', headers: { Authorization: `Bearer ${name}` } },
    // Reads of an open and a closed applicant.
    ...[applicant, `/applicants/${closed}`].flatMap((path): Call[] => [
      { path },
      { path: `${path}/timeline` },
      { path: `${path}/details`, isPersonal: true },
      { path: `${path}/invitation`, isPersonal: true },
      { path: `${path}/documents`, isPersonal: true },
      { path: `${path}/documents.zip`, isPersonal: true },
    ]),
    ...['/applicants', '/applicants?open=true', '/summary', '/attention', '/system', '/audit'].map((path) => ({
      path,
    })),
    // Steering.
    { method: 'PUT', path: `${applicant}/deadline`, body: { at: inADay } },
    { method: 'POST', path: `${applicant}/snooze`, body: { until: inADay, note } },
    { method: 'POST', path: `${applicant}/check-now` },
    { method: 'POST', path: `${applicant}/retry` },
    {
      method: 'POST',
      path: `${applicant}/cancel`,
      body: { reasonCode: 'other', note },
      headers: { 'X-On-Behalf-Of': 'user-4711' },
    },
    { path: `/audit?clientUserId=${clientUserId}` },
  ];
  const [headers, bodies]: [Buffer[], Buffer[]] = [[], []];
  const statuses = new Map<string, number>();
  const documents: Call[] = [];
  const call = async ({ method = 'GET', path, body, headers: more, isPersonal }: Call) => {
    const answer = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${API_KEY}`,
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...more,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    statuses.set(`${method} ${path}`, answer.status);
    headers.push(Buffer.from(JSON.stringify([...answer.headers])));
    // A problem must not contain them anywhere.
    if (!isPersonal || !answer.ok) bodies.push(bytes);
    if (path.endsWith('/documents') && answer.ok)
      documents.push(
        ...(JSON.parse(bytes.toString()) as { items: { documentId: string }[] }).items.map(({ documentId }) => ({
          path: `${path}/${documentId}`,
          isPersonal: true,
        })),
      );
  };
  for (const one of calls) await call(one);
  for (const one of documents) await call(one);
  return { headers: Buffer.concat(headers), bodies: Buffer.concat(bodies), statuses };
}
