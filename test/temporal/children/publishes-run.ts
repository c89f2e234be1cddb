import { publishDevRun } from '../../../src/process/dev-run';

// Publishes a run in a data folder like `npm start`, until it is killed.
const [, , dataFolder = '', temporalAddress = ''] = process.argv;

publishDevRun(dataFolder, { temporalAddress, usesOwnKeys: true, settings: {} });
process.send?.('published');
setInterval(() => {}, 60_000);
