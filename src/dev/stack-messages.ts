import path from 'node:path';
import { DATA_FOLDER, type DevOptions, LOG_FOLDER } from './options';
import { demoPolicyEnvironment, SPEED } from './samples';
import type { Stack } from './stack';

/** The addresses of the stack. */
export function stackMessage(
  { sandboxUrl, temporalUiUrl, temporalAddress, webhookUrl }: Stack,
  { args, config }: DevOptions,
): string {
  const { reportStore } = config;
  const rows = [
    ['Temporal UI', temporalUiUrl ?? `the UI of ${temporalAddress}`],
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
        'HUMAN_API_CLIENT_ID is not set, so the sandbox replaces Human API. Its people are fictitious, and it plays',
        `their stories ${SPEED} times faster: most take about a minute.`,
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

/** What the user can do after the samples have closed. */
export function nextStepsMessage({ sandboxUrl, temporalAddress, taskQueue }: Stack): string {
  const variables = [
    // Only what differs from the defaults of the starter.
    ...(temporalAddress === '127.0.0.1:7233' ? [] : [`TEMPORAL_ADDRESS=${temporalAddress}`]),
    ...(taskQueue === 'chartway' ? [] : [`TASK_QUEUE=${taskQueue}`]),
    ...(sandboxUrl ? [`SETTLE_ALL_SYNCED=${demoPolicyEnvironment('story')['SETTLE_ALL_SYNCED']}`] : []),
  ];
  const email = sandboxUrl ? 'several@example.org' : 'max@example.org';
  return [
    '',
    'All services run until Ctrl-C. To start your own applicant, run in another terminal:',
    `  ${[...variables, 'npm run starter --'].join(' ')} --client-user-id POL-1 --email ${email}`,
    ...(sandboxUrl ? ['To run the samples again: npm start -- --fresh'] : []),
    '',
  ].join('\n');
}
