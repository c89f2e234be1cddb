import type { DataConverter } from '@temporalio/common';
import type { FileEncryption } from '../domain/encryption';
import { createDecodeOnlyCodec, createPayloadCodec, type DecodeFault } from './codec';
import { createCipher } from './key-ring';
import type { PayloadSettings } from './payload-settings';

/** The SDK loads a failure converter by its path, here and in the workflow bundle. */
const FAILURE_CONVERTER = require.resolve('./failure-converter');

/** The converter of every client and worker; undefined without keys: nothing is encrypted. `onFault` gets each payload that is not decoded. */
export function createDataConverter(
  { ring, encrypts }: PayloadSettings,
  namespace: string,
  onFault?: (fault: DecodeFault) => void,
): DataConverter | undefined {
  if (ring === null) return undefined;
  if (!encrypts) return { payloadCodecs: [createDecodeOnlyCodec(ring, namespace, onFault)] };
  return {
    payloadCodecs: [createPayloadCodec(ring, namespace, onFault)],
    failureConverterPath: FAILURE_CONVERTER,
  };
}

/** The encryption of notices in the spool and in quarantine. */
export function createNoticeEncryption({ ring, encrypts }: PayloadSettings): FileEncryption {
  return { cipher: ring && createCipher(ring), encrypts };
}
