import { createServer, type ServerResponse } from 'node:http';
import { Webhook } from 'standardwebhooks';
import { listenOnLoopback } from './loopback';

/** One request to the receiver. `isValid`: a stranger's library accepts its signature. */
export interface ReceivedEvent {
  readonly id: string;
  readonly raw: string;
  readonly body: { readonly type: string; readonly data: Readonly<Record<string, unknown>> };
  readonly isValid: boolean;
  readonly atMs: number;
  readonly isAcknowledged: boolean;
}

/** The status to answer; or a function that answers, or drops the connection, by itself. */
export type Answer = number | ((response: ServerResponse) => void);

export const EVENTS_SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

/** A carrier's endpoint: verifies and records what comes, and answers as `answer` decides. */
export async function startEventReceiver(cleanup: (stop: () => Promise<void>) => void) {
  const received: ReceivedEvent[] = [];
  const verifier = new Webhook(EVENTS_SECRET);
  const state = { answer: (_: Omit<ReceivedEvent, 'isAcknowledged'>): Answer => 204 };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks).toString();
    const event = {
      id: String(request.headers['webhook-id']),
      raw,
      body: JSON.parse(raw),
      isValid: isVerified(verifier, raw, request.headers as Record<string, string>),
      atMs: Date.now(),
    };
    const answer = state.answer(event);
    received.push({ ...event, isAcknowledged: typeof answer === 'number' && answer < 300 });
    if (typeof answer === 'function') answer(response);
    else response.writeHead(answer).end();
  });
  const port = await listenOnLoopback(server);
  cleanup(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://127.0.0.1:${port}/events`,
    received,
    answerBy(answer: (event: Omit<ReceivedEvent, 'isAcknowledged'>) => Answer) {
      state.answer = answer;
    },
    /** The sequences of a subject that were acknowledged, in the order of arrival. */
    acknowledged: (clientUserId: string) =>
      received
        .filter(({ body, isAcknowledged }) => isAcknowledged && body.data['clientUserId'] === clientUserId)
        .map(({ body }) => body.data['sequence']),
  };
}

function isVerified(verifier: Webhook, raw: string, headers: Record<string, string>): boolean {
  try {
    verifier.verify(raw, headers);
    return true;
  } catch {
    return false;
  }
}
