import path from 'node:path';
import type { Client } from '@temporalio/client';
import { temporalServer } from '../../src/dev/temporal-server';

test.each(['#', '?', '%', '%20', ' ', '&', "'", '"', '$', '`', 'é'])(
  'a clone in a folder whose name holds %j: the server, which reads its database path as a URI, gets a bare name',
  (character) => {
    const folder = path.join('/work', `a${character}b`, '.data');
    const { args, cwd } = temporalServer({
      ...{ cli: 'temporal', port: 1, uiPort: 2, codecUrl: 'http://127.0.0.1:3/codec', env: {} },
      databaseFile: path.join(folder, 'temporal.db'),
      client: { options: { namespace: 'default' } } as Client,
    });
    expect(args[args.indexOf('--db-filename') + 1]).toBe('temporal.db');
    expect(cwd).toBe(folder);
    expect(args.filter((arg) => arg.includes(character === ' ' ? folder : character))).toEqual([]);
  },
);
