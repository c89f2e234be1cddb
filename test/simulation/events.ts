import type { Command, Job } from './workflow-code';

/** The history events of a job. */
export function toEvents(job: Job): readonly string[] {
  if (job.initializeWorkflow) return ['WorkflowExecutionStarted'];
  if (job.signalWorkflow) return ['WorkflowExecutionSignaled'];
  if (job.cancelWorkflow) return ['WorkflowExecutionCancelRequested'];
  if (job.fireTimer) return ['TimerFired'];
  // A server writes the start of an activity together with its end.
  return job.resolveActivity ? ['ActivityTaskStarted', 'ActivityTaskCompleted'] : [];
}

/** The history event of a command; null if it has none. */
export function toEvent(command: Command): string | null {
  if (command.startTimer) return 'TimerStarted';
  if (command.cancelTimer) return 'TimerCanceled';
  if (command.scheduleActivity) return 'ActivityTaskScheduled';
  if (command.requestCancelActivity) return 'ActivityTaskCancelRequested';
  if (command.scheduleLocalActivity) return 'MarkerRecorded';
  if (command.upsertWorkflowSearchAttributes) return 'UpsertWorkflowSearchAttributes';
  if (command.updateResponse?.accepted) return 'WorkflowExecutionUpdateAccepted';
  if (command.updateResponse?.completed) return 'WorkflowExecutionUpdateCompleted';
  if (command.modifyWorkflowProperties) return 'WorkflowPropertiesModified';
  return isClosing(command) ? 'WorkflowExecutionClosed' : null;
}

/** True for a command that closes a run. */
export function isClosing(command: Command): boolean {
  const { completeWorkflowExecution, cancelWorkflowExecution, failWorkflowExecution } = command;
  const { continueAsNewWorkflowExecution } = command;
  return Boolean(
    completeWorkflowExecution || cancelWorkflowExecution || failWorkflowExecution || continueAsNewWorkflowExecution,
  );
}
