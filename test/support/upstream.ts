/** What the sandbox tells of a kind of person (`GET /control/personas`). */
export interface Persona {
  readonly name: string;
  readonly outcome: string;
  readonly documents: number;
  readonly olderDocuments: number;
  /** Documents that get a newer version after the applicant has ended. */
  readonly laterDocuments: number;
}

/** What the sandbox tells of somebody who was invited (`GET /control/people`). */
interface Person {
  readonly clientUserId: string;
  readonly humanId: string;
  readonly status: string;
  readonly updatedAt: string;
  readonly deleted: boolean;
  /** Posts to the webhook. */
  readonly notices: { readonly delivered: number; readonly failed: number };
}

/** What upstream's list tells of a report; `name` is its type. */
interface Report {
  readonly id: string;
  readonly name: string;
  readonly updatedAt: string;
}

/** The sandbox as it answers to us, past everything that is tested: the other side of every comparison. */
export class Upstream {
  constructor(
    private readonly url: string,
    private readonly credentials: { readonly clientId: string; readonly clientSecret: string },
  ) {}

  async personas(): Promise<readonly Persona[]> {
    return (await this.get('/control/personas')).json() as Promise<Persona[]>;
  }

  /** Everybody ever invited under that id, deleted ones included. */
  async people(clientUserId: string): Promise<readonly Person[]> {
    const everybody = (await (await this.get('/control/people')).json()) as Person[];
    return everybody.filter((person) => person.clientUserId === clientUserId);
  }

  /** The link that the create of a person returned. */
  async inviteLink(clientUserId: string): Promise<string> {
    const answer = await this.get(`/control/people/${clientUserId}/invitation`);
    return ((await answer.json()) as { inviteLink: string }).inviteLink;
  }

  /** Every current report of a person, as upstream lists it. */
  async reports(clientUserId: string): Promise<readonly Report[]> {
    const answer = await this.get('/data/v1/human/medical/reports', await this.accessToken(clientUserId));
    return answer.json() as Promise<Report[]>;
  }

  /** The bytes of a report as it is now. */
  async document(clientUserId: string, reportId: string, format: string): Promise<Buffer> {
    const path = `/data/v1/human/medical/reports/${reportId}/raw?format=${format}`;
    return Buffer.from(await (await this.get(path, await this.accessToken(clientUserId))).arrayBuffer());
  }

  private async accessToken(clientUserId: string): Promise<string> {
    const { clientId, clientSecret } = this.credentials;
    const answer = await fetch(`${this.url}/auth/v1/connect/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        client_id: clientId,
        client_secret: clientSecret,
        client_user_id: clientUserId,
        type: 'access',
      }),
    });
    const { access_token } = (await answer.json()) as { access_token?: string };
    if (!access_token) throw new Error(`expected an access token, the sandbox answered ${answer.status}`);
    return access_token;
  }

  private async get(path: string, token?: string): Promise<Response> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(this.url + path, { headers });
    if (!answer.ok) throw new Error(`expected an answer of the sandbox, it said ${answer.status}`);
    return answer;
  }
}
