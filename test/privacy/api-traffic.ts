import { DAY_MS } from '../../src/domain/policy';
import { until } from '../support/condition';
import { API_KEY } from '../support/installation';

/** The planted details of a start by the api. */
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
  /** The status of each answer. */
  readonly statuses: readonly number[];
  /** The secret part of the invitation link of the applicant that it started. */
  readonly linkToken: string;
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
  const inADay = new Date(Date.now() + DAY_MS).toISOString();
  const fullName = `${details.firstName} ${details.lastName}`;
  const name = encodeURIComponent(fullName);
  const start = { ...details, clientUserId };
  const calls: readonly Call[] = [
    // Mistakes.
    {
      method: 'POST',
      path: '/applicants',
      body: { ...start, firstName: details.lastName, lastName: details.firstName },
    },
    {
      method: 'POST',
      path: '/applicants',
      body: { ...start, clientUserId: fullName },
    },
    {
      method: 'POST',
      path: '/applicants',
      body: { ...start, clientUserEmail: details.lastName, dateOfBirth: `${details.dateOfBirth}x` },
    },
    { method: 'POST', path: '/applicants', body: { ...start, [fullName]: 1 } },
    { method: 'POST', path: '/applicants', body: `{"firstName": "${details.firstName}", ` },
    {
      method: 'POST',
      path: '/applicants',
      body: start,
      headers: { 'X-On-Behalf-Of': fullName },
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
  const statuses: number[] = [];
  const call = async (one: Call): Promise<string> => {
    const { path, isPersonal } = one;
    const answer = await send(`${url}/api/v1${path}`, one);
    const bytes = Buffer.from(await answer.arrayBuffer());
    statuses.push(answer.status);
    headers.push(Buffer.from(JSON.stringify([...answer.headers])));
    // A problem must not contain them anywhere.
    if (!isPersonal || !answer.ok) bodies.push(bytes);
    return bytes.toString();
  };
  // The second one finds the first.
  for (let count = 0; count < 2; count += 1) await call({ method: 'POST', path: '/applicants', body: start });
  await until('the invitation', async () => (await call({ path: applicant })).includes('"stage":"invited"'));
  const { inviteLink } = JSON.parse(await call({ path: `${applicant}/invitation`, isPersonal: true }));
  for (const one of calls) await call(one);
  const { items } = JSON.parse(await call({ path: `/applicants/${closed}/documents`, isPersonal: true }));
  for (const { documentId } of items)
    await call({ path: `/applicants/${closed}/documents/${documentId}`, isPersonal: true });
  const linkToken = String(inviteLink).split('/').at(-1) ?? '';
  return { headers: Buffer.concat(headers), bodies: Buffer.concat(bodies), statuses, linkToken };
}

function send(url: string, { method = 'GET', body, headers }: Call): Promise<Response> {
  return fetch(url, {
    method,
    headers: {
      Authorization: `Bearer ${API_KEY}`,
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
}
