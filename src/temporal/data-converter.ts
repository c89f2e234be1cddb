import type { DataConverter } from '@temporalio/common';
import type { FileEncryption } from '../domain/encryption';
import { createPayloadCodec, type DecodeFault } from './codec';
import { createCipher } from './key-ring';
import type { PayloadSettings } from './payload-settings';

/** The SDK loads a failure converter by its path, here and in the workflow bundle. */
const FAILURE_CONVERTER = require.resolve('./failure-converter');

/** The data converter of all clients and workers. Undefined without keys: nothing is encrypted. */
export function createDataConverter(
  { ring, encrypts }: PayloadSettings,
  namespace: string,
  onFault?: (fault: DecodeFault) => void,
): DataConverter | undefined {
  if (ring === null) return undefined;
  const payloadCodecs = [createPayloadCodec(ring, namespace, onFault, encrypts)];
  return encrypts ? { payloadCodecs, failureConverterPath: FAILURE_CONVERTER } : { payloadCodecs };
}

/** The encryption of notices in the spool and in quarantine. */
export function createNoticeEncryption({ ring, encrypts }: PayloadSettings): FileEncryption {
  return { cipher: ring && createCipher(ring), encrypts };
}
