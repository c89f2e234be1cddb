import { createUsersUpstream, type HumanApiSettings } from '../../src/human-api/users/adapter';
import {
  AccessDenied,
  AlreadyExists,
  NotFound,
  NotOffered,
  Unavailable,
  ValidationRejected,
} from '../../src/upstream/errors';
import type { ReportBody } from '../../src/upstream/port';

/** Any honest upstream, to be held against the client's contract. */
export interface HonestUpstream {
  readonly settings: HumanApiSettings;
  /** An e-mail address of somebody who will connect a provider. */
  readonly email: string;
  /** Lets that person connect a provider that has at least a unity report. */
  connect(clientUserId: string): void;
  close(): Promise<void>;
}

/** What the client promises of an upstream without faults, whatever shapes it answers in. */
export function conformance(makeUpstream: () => Promise<HonestUpstream>): void {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function setup(settings: Partial<HumanApiSettings> = {}) {
    const upstream = await makeUpstream();
    cleanups.push(() => upstream.close());
    const api = createUsersUpstream({ ...upstream.settings, ...settings });
    cleanups.push(() => api.close());
    const clientUserId = 'POL-1~a.b_c';
    const invite = () =>
      api.invite({
        clientUserId,
        clientUserEmail: upstream.email,
        firstName: 'Max',
        lastName: 'Forrest',
        dateOfBirth: '1990-12-30',
        suggestedSources: ['Starfleet Medical'],
      });
    return { upstream, api, clientUserId, invite };
  }

  it('an invited person has a humanId and is found again by either id', async () => {
    const { api, clientUserId, invite } = await setup();
    const { subjectId, status } = await invite();
    expect(status).toBe('Invited');
    const [byOurs, byTheirs] = [await api.findPeople({ clientUserId }), await api.findPeople({ subjectId })];
    expect(byOurs).toEqual([expect.objectContaining({ subjectId, clientUserId, status: 'Invited' })]);
    expect(byTheirs).toEqual(byOurs);
    expect(await api.readStatus(subjectId)).toMatchObject({
      subjectId,
      status: 'Invited',
      updatedAtMs: expect.any(Number),
    });
  });

  it('nobody is an empty list, not an error', async () => {
    const { api } = await setup();
    expect(await api.findPeople({ clientUserId: 'POL-404' })).toEqual([]);
  });

  it('a second invitation of the same clientUserId says that the person exists', async () => {
    const { invite } = await setup();
    await invite();
    await expect(invite()).rejects.toBeInstanceOf(AlreadyExists);
  });

  it('an invitation that upstream finds invalid names the field and nothing that was in it', async () => {
    const { api } = await setup();
    const refused = api.invite({ clientUserId: 'POL-2', clientUserEmail: 'not an address' });
    const error = await refused.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationRejected);
    expect((error as ValidationRejected).keys).toEqual(['clientUserEmail']);
    expect(String((error as Error).message)).not.toContain('not an address');
  });

  it('a deleted person is gone, and deleting again says so', async () => {
    const { api, clientUserId, invite } = await setup();
    const { subjectId } = await invite();
    expect(await api.withdraw(subjectId)).toBe('deleted');
    expect(await api.withdraw(subjectId)).toBe('already-gone');
    await expect(api.readStatus(subjectId)).rejects.toBeInstanceOf(NotFound);
    expect(await api.findPeople({ clientUserId })).toEqual([]);
  });

  it('reports are "not yet" until the person has connected a provider', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    await invite();
    await expect(api.listReports(clientUserId)).rejects.toBeInstanceOf(AccessDenied);
    await expect(api.openReport(clientUserId, 'any', 'pdf')).rejects.toBeInstanceOf(AccessDenied);
    upstream.connect(clientUserId);
    const [report] = (await api.listReports(clientUserId)).filter(({ type }) => type === 'unity');
    expect(report).toMatchObject({ updatedAt: expect.any(String), organization: { name: expect.any(String) } });
  });

  it('reports are "not yet" again after the person was deleted', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    const { subjectId } = await invite();
    upstream.connect(clientUserId);
    await api.listReports(clientUserId);
    await api.withdraw(subjectId);
    await expect(api.listReports(clientUserId)).rejects.toBeInstanceOf(AccessDenied);
  });

  it('every listed report comes in a format it has, with the bytes announced, and is not offered in one it lacks', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    await invite();
    upstream.connect(clientUserId);
    const formats = { unity: ['json', 'pdf'], ccdraw: ['pdf'], timeline: ['json'] } as const;
    const lacking = { ccdraw: 'json', timeline: 'pdf' } as const;
    for (const { id, type } of await api.listReports(clientUserId)) {
      for (const format of formats[type as keyof typeof formats]) {
        const body = await api.openReport(clientUserId, id, format);
        const bytes = await bytesOf(body);
        expect(body.contentType).toContain(format);
        expect(body.contentLength ?? bytes.length).toBe(bytes.length);
        if (format === 'json') expect(JSON.parse(bytes.toString())).toEqual(expect.any(Object));
        else expect(bytes.toString('latin1')).toMatch(/^%PDF[\s\S]*%%EOF\s*$/);
      }
      const none = lacking[type as keyof typeof lacking];
      if (none) await expect(api.openReport(clientUserId, id, none)).rejects.toBeInstanceOf(NotOffered);
    }
  });

  it('a report that is not there is not found', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    await invite();
    upstream.connect(clientUserId);
    await expect(api.openReport(clientUserId, '5e9f0c3b1d2a4f6788990aff', 'json')).rejects.toBeInstanceOf(NotFound);
  });

  it('our credentials can be proven, and wrong ones are named as ours to check', async () => {
    const { api } = await setup();
    await expect(api.proveCredentials()).resolves.toBeUndefined();
    const { api: wrong } = await setup({ clientSecret: 'wrong' });
    const error = await wrong.proveCredentials().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Error).message).toContain('check HUMAN_API_CLIENT_ID and HUMAN_API_CLIENT_SECRET');
    await expect(wrong.findPeople({ clientUserId: 'POL-1' })).rejects.toBeInstanceOf(Unavailable);
  });
}

/** A report's bytes, read to the end. */
export async function bytesOf(body: ReportBody): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
