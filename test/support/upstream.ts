/** A persona of the sandbox (`GET /control/personas`). */
export interface Persona {
  readonly name: string;
  readonly outcome: string;
  readonly documents: number;
  readonly olderDocuments: number;
  /** Documents that get a newer version after the applicant has closed. */
  readonly laterDocuments: number;
}

/** An invited person in the sandbox (`GET /control/people`). */
interface Person {
  readonly clientUserId: string;
  readonly humanId: string;
  readonly status: string;
  readonly updatedAt: string;
  readonly deleted: boolean;
  /** Posts to the webhook. */
  readonly notices: { readonly delivered: number; readonly failed: number };
}

/** A report in upstream's list; `name` is its type. */
interface Report {
  readonly id: string;
  readonly name: string;
  readonly updatedAt: string;
}

/** Reads the sandbox directly, for comparison with what Chartway stored. */
export class Upstream {
  constructor(
    private readonly url: string,
    private readonly credentials: { readonly clientId: string; readonly clientSecret: string },
  ) {}

  async personas(): Promise<readonly Persona[]> {
    return (await this.get('/control/personas')).json() as Promise<Persona[]>;
  }

  /** Every person that was ever invited under the id, including deleted ones. */
  async people(clientUserId: string): Promise<readonly Person[]> {
    const people = (await (await this.get('/control/people')).json()) as Person[];
    return people.filter((person) => person.clientUserId === clientUserId);
  }

  /** The link in the answer of the create. */
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
    if (!access_token) throw new Error(`expected an access token, the sandbox returned ${answer.status}`);
    return access_token;
  }

  private async get(path: string, token?: string): Promise<Response> {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(this.url + path, { headers });
    if (!answer.ok) throw new Error(`expected the sandbox to answer, it returned ${answer.status}`);
    return answer;
  }
}
