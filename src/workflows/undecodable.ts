import { ApplicationFailure, type Payload } from '@temporalio/common';
import type { WorkflowInterceptors } from '@temporalio/workflow';
import { isUndecodable, UNDECODABLE } from '../domain/encryption';

const MARKER = JSON.stringify(UNDECODABLE);

/**
 * Fails the workflow task if an input or the result of an activity is the marker of an undecodable payload. Used as a value, the marker would mean
 * "nothing found". The task fails until the payload can be decoded, or until the workflow is reset to before it. Signals pass, because they must not
 * delay deadlines; their handlers ignore the marker. The SDK requires the name of this export.
 */
export const interceptors = (): WorkflowInterceptors => ({
  internals: [
    {
      activate(input, next) {
        for (const { initializeWorkflow, resolveActivity } of input.activation.jobs ?? []) {
          rejectMarkers('the input of this workflow', initializeWorkflow?.arguments);
          rejectMarkers('the result of an activity', [resolveActivity?.result?.completed?.result]);
        }
        next(input);
      },
    },
  ],
  inbound: [
    {
      validateUpdate(input, next) {
        if (input.args.some(isUndecodable)) throw undecodableFailure('the input of this update');
        next(input);
      },
    },
  ],
});

function rejectMarkers(what: string, payloads: readonly (Payload | null | undefined)[] | null | undefined): void {
  if (payloads?.some(isMarker)) throw undecodableFailure(what);
}

/** An ApplicationFailure, because its type stays readable outside the sandbox and without a key. */
function undecodableFailure(what: string): ApplicationFailure {
  return ApplicationFailure.create({
    message: `${what} cannot be decoded: check PAYLOAD_KEYS, or reset the workflow to before it`,
    type: 'UndecodablePayload',
  });
}

/** Compares bytes without parsing, because a replay checks thousands of results. */
function isMarker(payload: Payload | null | undefined): boolean {
  const data = payload?.data;
  return data?.length === MARKER.length && String.fromCharCode(...data) === MARKER;
}
