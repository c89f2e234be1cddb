import { lendKeys } from '../../../src/temporal/own-keys';

// Lends the keys of a folder as `npm start` does, until it is killed.
const [, , folder = '', temporalAddress = ''] = process.argv;

lendKeys(folder, temporalAddress);
process.send?.('lent');
setInterval(() => {}, 60_000);
