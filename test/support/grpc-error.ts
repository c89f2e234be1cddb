/** The error of a call to Temporal that fails with this status code. */
export function grpcError(code: number): Error {
  return Object.assign(new Error('scripted'), { code, details: 'scripted', metadata: { get: () => [] } });
}
