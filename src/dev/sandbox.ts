import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import type { Outcome } from '../domain/outcome';

/** What the sandbox tells of a persona, as far as it is needed here. */
export interface Persona {
  readonly name: string;
  readonly summary: string;
  readonly outcome: Outcome;
  readonly documents: number;
  /** How long the story takes at the speed at which it is played. */
  readonly realSeconds: number;
}

/** Somebody whom the sandbox was asked to invite. */
export interface Invited {
  readonly clientUserId: string;
  readonly deleted: boolean;
}

/** The sandbox answers from memory. */
const TIMEOUT_MS = 5_000;
/** A busy worker invites within seconds. */
const INVITED_WITHIN_MS = 30_000;
const LOOK_EVERY_MS = 200;

/** Who can be played. */
export function personasOf(sandboxUrl: string): Promise<readonly Persona[]> {
  return ask(`${sandboxUrl}/control/personas`);
}

/** Who was invited, the deleted ones included. */
export function peopleOf(sandboxUrl: string): Promise<readonly Invited[]> {
  return ask(`${sandboxUrl}/control/people`);
}

/** The link that opens the page on which somebody can be played, as soon as they are invited; null where that does not come, or is over. */
export async function inviteLinkOf(
  sandboxUrl: string,
  clientUserId: string,
  signal: AbortSignal,
): Promise<string | null> {
  const untilMs = Date.now() + INVITED_WITHIN_MS;
  for (;;) {
    const found = (await peopleOf(sandboxUrl)).find((person) => person.clientUserId === clientUserId);
    if (found?.deleted || Date.now() > untilMs) return null;
    if (found)
      return (await ask<{ inviteLink: string }>(`${sandboxUrl}/control/people/${clientUserId}/invitation`)).inviteLink;
    await sleep(LOOK_EVERY_MS, undefined, { signal });
  }
}

async function ask<T>(url: string): Promise<T> {
  const { statusCode, body } = await request(url, { headersTimeout: TIMEOUT_MS, bodyTimeout: TIMEOUT_MS });
  if (statusCode === 200) return (await body.json()) as T;
  await body.dump();
  throw new Error(
    `expected an answer of the sandbox at ${new URL(url).pathname}, it answered with status ${statusCode}`,
  );
}
