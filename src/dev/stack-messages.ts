import { demoPolicyEnvironment, SPEED } from './demo-policy';
import type { DevOptions } from './options';
import type { Stack } from './stack';

/** The addresses of the stack. */
export function stackMessage(
  { sandboxUrl, temporalUiUrl, temporalAddress, webhookUrl }: Stack,
  { reports, logFolder, webhook, dataFolder, once }: DevOptions,
): string {
  const rows = [
    ['Temporal UI', temporalUiUrl ?? `the UI of ${temporalAddress}`],
    ['webhook', webhookUrl],
    ...(sandboxUrl ? [['sandbox', `${sandboxUrl}/control/people`]] : []),
    ['reports', reports],
    ['logs', logFolder],
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
    ...(sandboxUrl || webhook.hasSecret
      ? []
      : [`WEBHOOK_SECRET is not set. The generated secret is in ${dataFolder}/webhook-secret.`]),
    ...(once ? [] : ['Ctrl-C stops everything. The next npm start continues from there.']),
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
    'All services run until Ctrl-C. To enrol your own applicant, run in another terminal:',
    `  ${[...variables, 'npm run starter --'].join(' ')} --client-user-id POL-1 --email ${email}`,
    ...(sandboxUrl ? ['To run the samples again: npm start -- --fresh'] : []),
    '',
  ].join('\n');
}
