import type { AttentionItem } from '../use-cases/views';

const PREFIX = 'npm run chartway -- ';
const startAgain = (id: string) => `start ${id} --email <address> --again`;

/** What an operator runs for each need, after `npm run chartway --`. The api names its own action. */
const COMMANDS: Readonly<Record<string, (clientUserId: string) => string>> = {
  'stuck-call': (id) => `retry ${id}`,
  conflict: startAgain,
  undeliverable: startAgain,
  'near-deadline': (id) => `extend ${id} --until 14d`,
  attention: (id) => `invitation ${id}`,
  quiet: (id) => `invitation ${id}`,
  terminated: (id) => `withdraw ${id}`,
  unattended: (id) => `withdraw ${id}`,
  unread: (id) => `retry ${id}`,
  gone: (id) => `check ${id}`,
};

/** The command that repairs an item, without `npm run chartway --`; null: none. */
export function commandOf({ clientUserId, need, action }: AttentionItem): string | null {
  const isEnded = need === 'stuck-run' && !action?.startsWith(PREFIX);
  const command = isEnded ? startAgain : COMMANDS[need];
  if (command !== undefined && clientUserId !== null) return command(clientUserId);
  return action?.replace(PREFIX, '') ?? null;
}
