import type { WorkflowInterceptors } from '@temporalio/workflow';

/** Receives the end of every activity, before the code that awaits it. `answer`: undefined if it was cancelled or failed. */
export type CallListener = (call: string, answer: unknown) => void;

/** Each workflow has its own copy of this module. */
let listener: CallListener = () => {};

export function listenToCalls(listen: CallListener): void {
  listener = listen;
}

/** Returns the promise itself, so that the code that awaits it runs as early as without a listener. */
function observe<T>(call: string, result: Promise<T>): Promise<T> {
  result.then(
    (answer) => listener(call, answer ?? null),
    () => listener(call, undefined),
  );
  return result;
}

/** The SDK requires the name of this export. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      scheduleActivity: (input, next) => observe(input.activityType, next(input)),
      scheduleLocalActivity: (input, next) => observe(input.activityType, next(input)),
    },
  ],
});
