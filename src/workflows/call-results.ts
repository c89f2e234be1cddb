import type { WorkflowInterceptors } from '@temporalio/workflow';

/** The end of an activity. `answer`: undefined if it was cancelled or failed. */
export interface CallEnd {
  readonly activityId: string;
  /** The activity type. */
  readonly call: string;
  readonly answer: unknown;
}

/** Receives the end of every activity, before the code that awaits it. */
export type CallListener = (end: CallEnd) => void;

// Each workflow has its own copy of this module.
let listener: CallListener = () => {};
const running = new Set<string>();

export function listenToCalls(listen: CallListener): void {
  listener = listen;
}

/** True from the schedule of an activity to its end. */
export function isRunning(activityId: string): boolean {
  return running.has(activityId);
}

/** Returns the promise itself, so that the code that awaits it runs as early as without a listener. */
function observe<T>(call: string, activityId: string, result: Promise<T>): Promise<T> {
  running.add(activityId);
  const end = (answer: unknown) => {
    running.delete(activityId);
    listener({ activityId, call, answer });
  };
  result.then(
    (answer) => end(answer ?? null),
    () => end(undefined),
  );
  return result;
}

/** The SDK requires the name of this export. */
export const interceptors = (): WorkflowInterceptors => ({
  outbound: [
    {
      // The SDK derives the id of an activity from its number; local ones are numbered in the same row.
      scheduleActivity: (input, next) => observe(input.activityType, `${input.seq}`, next(input)),
      scheduleLocalActivity: (input, next) => observe(input.activityType, `${input.seq}`, next(input)),
    },
  ],
});
