import { ApplicationFailure, type Payload } from '@temporalio/common';
import type { WorkflowInterceptors } from '@temporalio/workflow';
import { isUndecodable, UNDECODABLE } from '../domain/encryption';

const MARKER = JSON.stringify(UNDECODABLE);

/**
 * One gate for every workflow: the marker is never taken for a value, whose missing fields would read as "nothing was found". A start input or
 * an activity's answer that is one fails the workflow task, whatever the workflow would catch: it stands still where everybody sees it, and goes
 * on once the payload can be decoded, or after a reset to before it. Signals pass, for they must stop no deadline: each handler drops what is no
 * notice. The SDK asks for this name.
 */
export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      activate(input, next) {
        for (const { initializeWorkflow, resolveActivity } of input.activation.jobs ?? []) {
          rejectMarkers('the input of this workflow', initializeWorkflow?.arguments);
          rejectMarkers('what an activity answered', [resolveActivity?.result?.completed?.result]);
        }
        next(input);
      },
    },
  ],
  inbound: [
    {
      validateUpdate(input, next) {
        if (input.args.some(isUndecodable)) throw undecodableFailure('what this update was told');
        next(input);
      },
    },
  ],
});

function rejectMarkers(what: string, payloads: readonly (Payload | null | undefined)[] | null | undefined): void {
  if (payloads?.some(isMarker)) throw undecodableFailure(what);
}

/** One of the SDK's, because its type is told outside the sandbox too, and in clear. */
function undecodableFailure(what: string): ApplicationFailure {
  const advice = 'look for a wrong key in PAYLOAD_KEYS, else reset the workflow to before it';
  return ApplicationFailure.create({
    message: `${what} cannot be decoded, so nothing is done upon it: ${advice}`,
    type: 'UndecodablePayload',
  });
}

/** Without parsing it: a history of thousands of answers is looked through at each replay. */
function isMarker(payload: Payload | null | undefined): boolean {
  const data = payload?.data;
  return data?.length === MARKER.length && String.fromCharCode(...data) === MARKER;
}
