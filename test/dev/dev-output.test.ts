import { EventEmitter } from 'node:events';
import { DevOutput, hasColours } from '../../src/dev/dev-output';
import { LiveFrame } from '../../src/dev/live-frame';
import { snapshot } from './fixture';

const ESCAPE = '\u001B';

/** Interprets the sequences that the frame uses. */
class FakeTerminal extends EventEmitter {
  columns = 100;
  rows = 24;
  isCursorHidden = false;
  private lines: string[] = [];

  write(text: string): void {
    const parts = text.replaceAll(ESCAPE, '^').split(/(\^\[H\^\[2J|\r\^\[\d+A\^\[J|\^\[\?25[hl]|\n)/);
    for (const part of parts) {
      const rowsUp = /\[(\d+)A/.exec(part)?.[1];
      if (part === '^[H^[2J') this.lines = [];
      else if (rowsUp) this.lines.splice(-Number(rowsUp));
      else if (part.startsWith('^[?25')) this.isCursorHidden = part.endsWith('l');
      else if (part !== '' && part !== '\n') this.lines.push(part);
    }
  }

  get shown(): string[] {
    return this.lines.filter((line) => line !== '');
  }
}

const PLAIN = { isInteractive: false, hasColours: false, verbose: false, onClosed: () => {} };

test('a live frame is redrawn in place below the printed lines, alone at a new size, and stays when it is closed', () => {
  const out = new FakeTerminal();
  const frame = new LiveFrame(out);
  frame.print(['plain']);
  expect(out.isCursorHidden).toBe(false);
  frame.draw(() => ['a', 'b']);
  frame.print(['one', 'two']);
  expect([out.shown, out.isCursorHidden]).toEqual([['plain', 'one', 'two', 'a', 'b'], true]);
  frame.draw((columns, rows) => [`${columns} x ${rows}`]);
  expect(out.shown).toEqual(['plain', 'one', 'two', '99 x 23']);
  out.columns = 60;
  out.emit('resize');
  expect(out.shown).toEqual(['59 x 23']);
  frame.close();
  frame.print(['late']);
  expect([out.shown, out.isCursorHidden, out.listenerCount('resize')]).toEqual([['59 x 23', 'late'], false, 0]);
});

test('on a terminal the applicants are a table, otherwise each change is one line', () => {
  const outputs = [true, false].map((isInteractive) => {
    const out = new FakeTerminal();
    const terminal = new DevOutput(out, { ...PLAIN, isInteractive });
    terminal.change(snapshot());
    terminal.table([snapshot()]);
    terminal.message('ready');
    return out.shown;
  });
  expect(outputs).toEqual([
    ['chartway  | ready', expect.stringMatching(/^APPLICANT /), expect.stringMatching(/^POL-1 /), expect.any(String)],
    [expect.stringMatching(/^applicant \| \d\d:\d\d:\d\d POL-1 +inviting$/), 'chartway  | ready'],
  ]);
});

test('only errors of the processes are printed, except with --verbose', () => {
  const print = (verbose: boolean) => {
    const out = new FakeTerminal();
    const terminal = new DevOutput(out, { ...PLAIN, verbose });
    for (const level of ['info', 'error']) terminal.line('worker', JSON.stringify({ level, msg: level }));
    return out.shown;
  };
  expect(print(false)).toEqual(['worker    | error error']);
  expect(print(true)).toEqual(['worker    | info', 'worker    | error error']);
});

test('a closed terminal starts one drain, although each later line fails too', () => {
  const out = new FakeTerminal();
  const onClosed = jest.fn();
  new DevOutput(out, { ...PLAIN, onClosed });
  for (let failed = 0; failed < 3; failed += 1) out.emit('error', new Error('EPIPE'));
  expect(onClosed).toHaveBeenCalledTimes(1);
});

test.each<[NodeJS.ProcessEnv, boolean, boolean]>([
  [{ TERM: 'xterm' }, true, true],
  [{ TERM: 'xterm' }, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{ TERM: 'xterm', NO_COLOR: '1' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ TERM: 'xterm', FORCE_COLOR: '0' }, true, false],
])('with %j and a terminal: %s, colours are printed: %s', (env, isTerminal, expected) => {
  expect(hasColours(env, isTerminal)).toBe(expected);
});
