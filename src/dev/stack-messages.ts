import path from 'node:path';
import { API_KEY_FILE } from './api-key';
import { DATA_FOLDER, type DevOptions, LOG_FOLDER } from './options';
import { SPEED } from './samples';
import type { Stack } from './stack';

/** The addresses of the stack. */
export function stackMessage(
  { sandboxUrl, temporalUiUrl, temporalAddress, webhookUrl, apiUrl }: Stack,
  { args, config }: DevOptions,
): string {
  const { reportStore } = config;
  const rows = [
    ['Temporal UI', temporalUiUrl ?? `the UI of ${temporalAddress}`],
    ['api', `${apiUrl}/docs`],
    ['api key', path.join(DATA_FOLDER, API_KEY_FILE)],
    ['webhook', webhookUrl],
    ...(sandboxUrl ? [['sandbox', `${sandboxUrl}/control/people`]] : []),
    [
      'reports',
      reportStore.kind === 'folder'
        ? path.resolve(reportStore.path)
        : `s3://${reportStore.bucket}/${reportStore.prefix}`,
    ],
    ['logs', LOG_FOLDER],
  ];
  const mode = sandboxUrl
    ? [
        'HUMAN_API_CLIENT_ID is not set, so the sandbox replaces Human API.',
        `The people are fictitious. Everything runs ${SPEED} times faster than in reality;`,
        'most applicants close in about a minute.',
      ]
    : ['This stack uses the real Human API, because credentials are set.'];
  return [
    '',
    ...rows.map(([name = '', value]) => `${name.padEnd(12)} ${value}`),
    '',
    ...mode,
    ...(sandboxUrl || config.webhook.secrets.length > 0
      ? []
      : [`WEBHOOK_SECRET is not set. The generated secret is in ${DATA_FOLDER}/webhook-secret.`]),
    ...(args.once ? [] : ['Ctrl-C stops everything. The next npm start continues from there.']),
    '',
  ].join('\n');
}

/** What the user can do after the samples have closed: commands that work when they are pasted into another terminal. */
export function nextStepsMessage(stack: NextSteps): string {
  return [
    '',
    'All services run until Ctrl-C. Run these in another terminal, in this folder.',
    '',
    'By HTTP (docs/integrate.md): start an applicant, show it, fetch its documents when it has closed:',
    ...httpCommands(stack).map((command) => `  ${command}`),
    `The API describes itself at ${stack.apiUrl}/docs.`,
    'The key has every role, and the next npm start replaces it.',
    '',
    'The same by commands (npm run chartway -- --help lists all):',
    ...shellCommands(stack).map((command) => `  ${command}`),
    ...(stack.sandboxUrl ? ['To run the samples again: npm start -- --fresh'] : []),
    '',
  ].join('\n');
}

/** What the commands need of the stack. */
export type NextSteps = Pick<Stack, 'apiUrl' | 'sandboxUrl' | 'temporalAddress' | 'temporalUiUrl'>;

function emailOf({ sandboxUrl }: NextSteps): string {
  return sandboxUrl ? 'several@example.org' : 'max@example.org';
}

function httpCommands(stack: NextSteps): string[] {
  const curl = 'curl -sS -H "Authorization: Bearer $KEY"';
  const applicants = '$API/applicants';
  const body = JSON.stringify({ clientUserId: 'POL-1', clientUserEmail: emailOf(stack) });
  // The commands can be pasted together. In reality, an applicant takes days.
  const wait = stack.sandboxUrl
    ? `until ${curl} ${applicants}/POL-1 | grep -q '"open":false'; do sleep 2; done`
    : '# when it has closed:';
  return [
    `export API=${stack.apiUrl}/api/v1 KEY=$(cat ${path.join(DATA_FOLDER, API_KEY_FILE)})`,
    `${curl} -H "Content-Type: application/json" -d '${body}' ${applicants}`,
    `${curl} ${applicants}/POL-1`,
    wait,
    `${curl} -o POL-1.zip ${applicants}/POL-1/documents.zip`,
  ];
}

function shellCommands(stack: NextSteps): string[] {
  const { temporalUiUrl, temporalAddress } = stack;
  // Commands find the server that the stack started, and all of its settings, by themselves.
  const isOwn = temporalUiUrl !== null;
  const chartway = `${isOwn ? '' : `TEMPORAL_ADDRESS=${temporalAddress} `}npm run chartway --`;
  return [
    `${chartway} start POL-2 --email ${emailOf(stack)}`,
    `${chartway} watch POL-2`,
    `${chartway} documents zip POL-2 --out POL-2.zip`,
  ];
}
