import type { Household } from './household';
import type { EverythingOptions } from './options';
import { paceEnvironment, SPEED } from './pace';

/** The addresses to open, and whom this talks to. */
export function whereToLook(
  { sandboxUrl, temporalUiUrl, temporalAddress, webhookUrl }: Household,
  { reports, logFolder, webhook, dataFolder, once }: EverythingOptions,
): string {
  const rows = [
    ['Temporal UI', temporalUiUrl ?? `that of ${temporalAddress}`],
    ['webhook', webhookUrl],
    ['sandbox', sandboxUrl && `${sandboxUrl}/control/people`],
    ['reports', reports],
    ['logs', logFolder],
  ];
  return [
    '',
    ...rows.flatMap(([what, where]) => (where ? [`${what?.padEnd(12)} ${where}`] : [])),
    '',
    ...(sandboxUrl
      ? [
          'No HUMAN_API_CLIENT_ID is set, so made-up people are invited through the sandbox, where everything',
          `happens ${SPEED} times faster: most of their stories take about a minute.`,
        ]
      : ['Credentials are set: this talks to the real Human API.']),
    ...(sandboxUrl || webhook.secretGiven
      ? []
      : [`WEBHOOK_SECRET is not set; the one in use is in ${dataFolder}/webhook-secret.`]),
    ...(once ? [] : ['Ctrl-C ends everything; the next npm start goes on from there.']),
    '',
  ].join('\n');
}

/** What a person can do when the samples are over. */
export function howToGoOn({ sandboxUrl, temporalAddress, taskQueue }: Household): string {
  const variables = [
    // The defaults of the starter, which knows nothing of us.
    ...(temporalAddress === '127.0.0.1:7233' ? [] : [`TEMPORAL_ADDRESS=${temporalAddress}`]),
    ...(taskQueue === 'chartway' ? [] : [`TASK_QUEUE=${taskQueue}`]),
    ...(sandboxUrl ? [`SETTLE_ALL_SYNCED=${paceEnvironment('story')['SETTLE_ALL_SYNCED']}`] : []),
  ];
  const email = sandboxUrl ? 'several@example.org' : 'max@example.org';
  return [
    '',
    'Everything stays up until Ctrl-C. To enrol an applicant of your own, in another terminal:',
    `  ${[...variables, 'npm run starter --'].join(' ')} --client-user-id POL-1 --email ${email}`,
    ...(sandboxUrl ? ['To see the samples once more: npm start -- --fresh'] : []),
    '',
  ].join('\n');
}
