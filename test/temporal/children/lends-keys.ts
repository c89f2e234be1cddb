import { publishDevKeys } from '../../../src/temporal/dev-keys';

// Lends the keys of a folder as `npm start` does, until it is killed.
const [, , folder = '', temporalAddress = ''] = process.argv;

publishDevKeys(folder, temporalAddress);
process.send?.('lent');
setInterval(() => {}, 60_000);
