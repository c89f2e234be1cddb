import { CancellationScope, condition, workflowInfo } from '@temporalio/workflow';
import {
  type CarriedEvents,
  type EventData,
  type EventDraft,
  type EventType,
  type StoredDocumentData,
  storedDocumentData,
} from '../domain/events';
import type { StoredDocument } from '../domain/reports';
import { localActivityFirst } from './activity-calls';

/** One call records at most this many events. */
const MAX_EVENTS_PER_CALL = 100;
const NOTHING: CarriedEvents = { types: [], recorded: 0, waiting: [], documents: [] };

/**
 * The outbound events of a run. They are recorded in the background, in order, so that the applicant does not wait for them. Without an endpoint it
 * does nothing and costs no event of history.
 */
export class Outbox {
  private types: readonly EventType[];
  private recorded: number;
  private readonly waiting: EventDraft[];
  private readonly documents: StoredDocumentData[];
  private isRecording = false;
  private failure: unknown = null;

  constructor(
    private readonly clientUserId: string,
    carried: CarriedEvents = NOTHING,
  ) {
    this.types = carried.types;
    this.recorded = carried.recorded;
    this.waiting = [...carried.waiting];
    this.documents = [...carried.documents];
    if (this.waiting.length > 0) this.startRecording();
  }

  /** The types that the worker's endpoints get, as the result of an activity has them. Undefined: there is no endpoint. */
  configure(types: readonly EventType[] | undefined): void {
    this.types = types ?? [];
  }

  emit(type: EventType, round: number, data: EventData): void {
    if (!this.types.includes(type)) return;
    this.waiting.push({ type, atMs: Date.now(), round, data });
    this.startRecording();
  }

  /** Holds the event of a document back until the manifest lists it. Later versions with the same bytes are no new documents. */
  holdDocument(document: StoredDocument): void {
    if (this.types.length > 0 && document.seenAt === null) this.documents.push(storedDocumentData(document));
  }

  /** How many documents are held back. */
  get heldDocuments(): number {
    return this.documents.length;
  }

  /** Emits the events of the first `count` documents. */
  releaseDocuments(count: number, round: number): void {
    for (const document of this.documents.splice(0, count)) this.emit('document.stored', round, { ...document });
  }

  /** Waits until all events are recorded. @throws the failure of the activity, which is retried without limit, so it is a defect */
  async drain(): Promise<void> {
    await condition(() => !this.isRecording);
    if (this.failure !== null) throw this.failure;
  }

  /** Undefined if there is nothing to carry. The next run records again what this one may have recorded: a repeat adds nothing. */
  toCarried(): CarriedEvents | undefined {
    const { types, recorded, waiting, documents } = this;
    return types.length + recorded + waiting.length > 0 ? { types, recorded, waiting, documents } : undefined;
  }

  private startRecording(): void {
    if (this.isRecording) return;
    this.isRecording = true;
    // The end of the step that emitted the event must not cancel it.
    void CancellationScope.nonCancellable(() => this.record());
  }

  private async record(): Promise<void> {
    // Lets the current step finish, so that its events are recorded together.
    await Promise.resolve();
    const { clientUserId } = this;
    const writer = workflowInfo().firstExecutionRunId;
    try {
      while (this.waiting.length > 0) {
        const events = this.waiting.slice(0, MAX_EVENTS_PER_CALL);
        const input = { clientUserId, writer, from: this.recorded, events };
        await localActivityFirst('Record events', ({ recordEvents }) => recordEvents(input));
        this.recorded += events.length;
        this.waiting.splice(0, events.length);
      }
    } catch (error) {
      this.failure = error;
    } finally {
      this.isRecording = false;
    }
  }
}
