import { PassThrough } from 'node:stream';
import { createTerminal, ignoreClosedPipe, isClosedPipe, progressBar } from '../../src/cli/terminal';

function setup(isTTY: boolean) {
  let nowMs = 0;
  let written = '';
  const write = (text: string) => {
    written += text;
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  const take = () => {
    const text = written;
    written = '';
    return text;
  };
  return { terminal: createTerminal({ isTTY, columns: 20, write }, () => nowMs), take, pass };
}

const ERASE = '\r\u001B[2K';

test('on a terminal, redraws the progress line below new lines', () => {
  const { terminal, take, pass } = setup(true);
  terminal.showProgress('1 of 3');
  expect(take()).toBe(`${ERASE}1 of 3`);
  terminal.write('bad row');
  expect(take()).toBe(`${ERASE}bad row\n1 of 3`);
  pass(1_000);
  terminal.showProgress('a text longer than the line');
  expect(take()).toBe(`${ERASE}a text longer than `);
  terminal.clearProgress();
  terminal.write('done');
  expect(take()).toBe(`${ERASE}done\n`);
});

test('on a terminal, limits how often the progress line is redrawn', () => {
  const { terminal, take, pass } = setup(true);
  terminal.showProgress('1');
  terminal.showProgress('2');
  pass(150);
  terminal.showProgress('3');
  expect(take()).toBe(`${ERASE}1${ERASE}3`);
});

test('without a terminal, writes a progress line every ten seconds', () => {
  const { terminal, take, pass } = setup(false);
  terminal.showProgress('1');
  pass(10_000);
  terminal.showProgress('2');
  terminal.showProgress('3');
  terminal.write('bad row');
  terminal.clearProgress();
  expect(take()).toBe('2\nbad row\n');
});

test('draws the progress bar', () => {
  expect(progressBar(0)).toBe('[------------------------]   0 %');
  expect(progressBar(0.5)).toBe('[############------------]  50 %');
  expect(progressBar(2)).toBe('[########################] 100 %');
});

const failure = (code: string) => Object.assign(new Error(code), { code });

test('a closed pipe does not end the process', () => {
  const stream = new PassThrough();
  ignoreClosedPipe(stream);
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
  expect(stream.emit('error', failure('EPIPE'))).toBe(true);
});

test('other stream errors are thrown', () => {
  const stream = new PassThrough();
  ignoreClosedPipe(stream);
  expect(() => stream.emit('error', failure('ENOSPC'))).toThrow('ENOSPC');
  expect(isClosedPipe(failure('EIO'))).toBe(false);
});
