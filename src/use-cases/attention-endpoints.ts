import { openEndpoints } from '../events/endpoints';
import { eventLogsOf } from './events';
import type { UseCaseDeps } from './use-cases';
import type { AttentionItem } from './views';

const TEXTS = {
  failing: 'The endpoint fails. Events wait while it is probed; check the receiver.',
  stopped: 'The endpoint answered 410, so nothing is sent to it. Resume it when it wants events again.',
} as const;

/** Endpoints that fail or have stopped, and events that were not delivered. @throws StoreError */
export async function listEndpointItems(deps: UseCaseDeps): Promise<readonly AttentionItem[]> {
  const endpoints = openEndpoints(deps.reportStore.shelf);
  const logs = eventLogsOf(deps);
  const items = await Promise.all(
    deps.events.endpoints.map(async ({ name }): Promise<AttentionItem[]> => {
      const { state, since } = await endpoints.read(name);
      const undelivered = await logs.listUndelivered(name);
      const base = { clientUserId: null, need: 'endpoint' };
      const isBad = state === 'failing' || state === 'stopped';
      const action = `npm run chartway -- endpoints ${state === 'stopped' ? 'resume' : 'test'} ${name}`;
      const command = `npm run chartway -- deliveries --endpoint ${name}`;
      const text = `Events of ${undelivered.length} applicants or batches were refused or given up by ${name}. Resend or recover them.`;
      return [
        ...(isBad ? [{ ...base, since, text: `${name}: ${TEXTS[state]}`, action }] : []),
        ...(undelivered.length > 0 ? [{ ...base, since: null, text, action: command }] : []),
      ];
    }),
  );
  return items.flat();
}
