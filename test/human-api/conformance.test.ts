import { conformance } from './conformance';
import { COOKBOOK, type Dialect, OPENAPI } from './dialects';
import { startRecordedUpstream } from './recorded-upstream';

const recorded = (dialect: Dialect) => async () => ({
  ...(await startRecordedUpstream(dialect)),
  email: 'max@example.org',
});

describe('the adapter with the shapes of the cookbook', () => conformance(recorded(COOKBOOK)));
describe('the adapter with the shapes of the OpenAPI files', () => conformance(recorded(OPENAPI)));
