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
import { useCleanup } from '../support/cleanup';

/** An upstream without faults, to check the adapter against. */
export interface FaultlessUpstream {
  readonly settings: HumanApiSettings;
  /** The e-mail address of a person who will connect a provider. */
  readonly email: string;
  /** Makes that person connect a provider with at least a unity report. */
  connect(clientUserId: string): void;
  close(): Promise<void>;
}

/** What the adapter does with an upstream without faults, in whatever shapes it answers. */
export function conformance(makeUpstream: () => Promise<FaultlessUpstream>): void {
  const addCleanup = useCleanup();

  async function setup(settings: Partial<HumanApiSettings> = {}) {
    const upstream = await makeUpstream();
    addCleanup(() => upstream.close());
    const api = createUsersUpstream({ ...upstream.settings, ...settings });
    addCleanup(() => api.close());
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

  it('an invited person is found by either id', async () => {
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

  it('no match is an empty list, not an error', async () => {
    const { api } = await setup();
    expect(await api.findPeople({ clientUserId: 'POL-404' })).toEqual([]);
  });

  it('a second invitation under a clientUserId fails because the person exists', async () => {
    const { invite } = await setup();
    await invite();
    await expect(invite()).rejects.toBeInstanceOf(AlreadyExists);
  });

  it('an invalid invitation names the field without its content', async () => {
    const { api } = await setup();
    const rejected = api.invite({ clientUserId: 'POL-2', clientUserEmail: 'not an address' });
    const error = await rejected.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ValidationRejected);
    expect((error as ValidationRejected).keys).toEqual(['clientUserEmail']);
    expect(String((error as Error).message)).not.toContain('not an address');
  });

  it('a deleted person is gone, and a second deletion reports it', async () => {
    const { api, clientUserId, invite } = await setup();
    const { subjectId } = await invite();
    expect(await api.withdraw(subjectId)).toBe('deleted');
    expect(await api.withdraw(subjectId)).toBe('already-gone');
    await expect(api.readStatus(subjectId)).rejects.toBeInstanceOf(NotFound);
    expect(await api.findPeople({ clientUserId })).toEqual([]);
  });

  it('access to reports is denied until the person has connected a provider', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    await invite();
    await expect(api.listReports(clientUserId)).rejects.toBeInstanceOf(AccessDenied);
    await expect(api.openReport(clientUserId, 'any', 'pdf')).rejects.toBeInstanceOf(AccessDenied);
    upstream.connect(clientUserId);
    const [report] = (await api.listReports(clientUserId)).filter(({ type }) => type === 'unity');
    expect(report).toMatchObject({ updatedAt: expect.any(String), organization: { name: expect.any(String) } });
  });

  it('access to reports is denied again after the person was deleted', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    const { subjectId } = await invite();
    upstream.connect(clientUserId);
    await api.listReports(clientUserId);
    await api.withdraw(subjectId);
    await expect(api.listReports(clientUserId)).rejects.toBeInstanceOf(AccessDenied);
  });

  it('every listed report has its formats, with the announced length, and no others', async () => {
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

  it('an unknown report is not found', async () => {
    const { upstream, api, clientUserId, invite } = await setup();
    await invite();
    upstream.connect(clientUserId);
    await expect(api.openReport(clientUserId, '5e9f0c3b1d2a4f6788990aff', 'json')).rejects.toBeInstanceOf(NotFound);
  });

  it('valid credentials are proven, and invalid ones name the settings to check', async () => {
    const { api } = await setup();
    await expect(api.proveCredentials()).resolves.toBeUndefined();
    const { api: wrong } = await setup({ clientSecret: 'wrong' });
    const error = await wrong.proveCredentials().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Unavailable);
    expect((error as Error).message).toContain('check HUMAN_API_CLIENT_ID and HUMAN_API_CLIENT_SECRET');
    await expect(wrong.findPeople({ clientUserId: 'POL-1' })).rejects.toBeInstanceOf(Unavailable);
  });
}

/** Reads a report to its end. */
export async function bytesOf(body: ReportBody): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body.stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}
