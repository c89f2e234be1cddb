import { isGrpcServiceError } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { temporal } from '@temporalio/proto';

/** gRPC's number (grpc.io, "Status codes"). */
const GRPC_NOT_FOUND = 5;
/** Where the server says in protobuf what it means by a status. */
const STATUS_DETAILS = 'grpc-status-details-bin';

/** A missing namespace is NOT_FOUND too, and means that nothing could be found out; only the details tell the two apart for certain. */
export function isWorkflowNotFound(error: unknown): boolean {
  if (!isGrpcServiceError(error) || error.code !== GRPC_NOT_FOUND) return false;
  const details = error.metadata.get(STATUS_DETAILS)[0];
  return details === undefined
    ? !/^namespace /i.test(error.details)
    : !Buffer.from(details).includes('NamespaceNotFoundFailure');
}

/** The value of a search attribute; null where there is none. A keyword stands alone or, as the SDK writes it, in an array of one. */
export function keywordIn(payload: temporal.api.common.v1.IPayload | undefined): unknown {
  return payload ? [defaultPayloadConverter.fromPayload<unknown>(payload)].flat()[0] : null;
}
