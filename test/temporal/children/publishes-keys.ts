import { publishDevKeys } from '../../../src/temporal/dev-keys';

// Publishes the keys of a folder like `npm start`, until it is killed.
const [, , folder = '', temporalAddress = ''] = process.argv;

publishDevKeys(folder, temporalAddress);
process.send?.('published');
setInterval(() => {}, 60_000);
