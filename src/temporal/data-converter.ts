import type { DataConverter } from '@temporalio/common';
import type { Cipher } from '../domain/encryption';
import { createPayloadCodec, createReadingCodec, type Told } from './codec';
import { createSeal } from './key-ring';
import type { PayloadSettings } from './payload-settings';

/** Loaded by its path, here and into the workflow bundle: that is how the SDK takes one. */
const FAILURE_CONVERTER = require.resolve('./failure-converter');

/**
 * What every client and worker converts by: undefined where no keys are set, so that everything is stored in clear. `onRefused` hears of each
 * payload that can never become readable.
 */
export function createDataConverter(
  { ring, encrypts }: PayloadSettings,
  namespace: string,
  onRefused?: (refusal: Told) => void,
): DataConverter | undefined {
  if (ring === null) return undefined;
  if (!encrypts) return { payloadCodecs: [createReadingCodec(ring, namespace, onRefused)] };
  return {
    payloadCodecs: [createPayloadCodec(ring, namespace, onRefused)],
    failureConverterPath: FAILURE_CONVERTER,
  };
}

/** What seals what we keep on disks of ours; null where nothing is encrypted. */
export function sealOf({ ring, encrypts }: PayloadSettings): Cipher | null {
  return ring !== null && encrypts ? createSeal(ring) : null;
}
