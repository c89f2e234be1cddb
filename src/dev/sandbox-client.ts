import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Outcome } from '../domain/outcome';
import { StartFailed } from './supervisor';

/** A persona of `GET /control/personas`. */
export interface Persona {
  readonly name: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly documents: number;
  /** The duration of the story at the speed of the sandbox. */
  readonly realSeconds: number;
}

/** An invited person of `GET /control/people`. */
export interface InvitedPerson {
  readonly clientUserId: string;
  readonly deleted: boolean;
}

const TIMEOUT_MS = 5_000;
/** A busy worker invites within seconds. */
const INVITED_WITHIN_MS = 30_000;
const POLL_EVERY_MS = 200;

export function listPersonas(sandboxUrl: string): Promise<readonly Persona[]> {
  return get(`${sandboxUrl}/control/personas`);
}

/** All invited people, including the deleted ones. */
export function listPeople(sandboxUrl: string): Promise<readonly InvitedPerson[]> {
  return get(`${sandboxUrl}/control/people`);
}

/** Waits for the invitation and returns its link. Null: the person is not invited in time, or was deleted. */
export async function waitForInviteLink(
  sandboxUrl: string,
  clientUserId: string,
  signal: AbortSignal,
): Promise<string | null> {
  const untilMs = Date.now() + INVITED_WITHIN_MS;
  for (;;) {
    const invited = (await listPeople(sandboxUrl)).find((person) => person.clientUserId === clientUserId);
    if (invited?.deleted || Date.now() > untilMs) return null;
    if (invited)
      return (await get<{ inviteLink: string }>(`${sandboxUrl}/control/people/${clientUserId}/invitation`)).inviteLink;
    await sleep(POLL_EVERY_MS, undefined, { signal });
  }
}

/** @throws {StartFailed} */
async function get<T>(url: string): Promise<T> {
  const { statusCode, text } = await read(url).catch((error: NodeJS.ErrnoException) => {
    throw new StartFailed(`the sandbox does not answer at ${url} (${error.code ?? error.name})`);
  });
  if (statusCode !== 200) throw new StartFailed(`expected status 200 of the sandbox at ${url}, got ${statusCode}`);
  return JSON.parse(text) as T;
}

async function read(url: string): Promise<{ statusCode: number; text: string }> {
  const { statusCode, body } = await request(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  return { statusCode, text: await body.text() };
}
