import { Screen } from '../../src/dev/screen';
import { FakeTerminal } from './screen-fixture';

function setup(frame: string[]) {
  const terminal = new FakeTerminal(20, 10);
  const screen = new Screen(terminal);
  screen.show(() => [...frame]);
  return { terminal, screen, frame };
}

test('lines stay above the frame, which stays below them', () => {
  const { terminal, screen } = setup(['a', 'b']);
  screen.print(['one', 'two']);
  screen.print(['three']);
  expect(terminal.shown).toEqual(['one', 'two', 'three', 'a', 'b']);
});

test('a line that wraps does not push the frame out of its place', () => {
  const { terminal, screen } = setup(['a', 'b']);
  screen.print(['x'.repeat(45)]);
  screen.print(['y']);
  expect(terminal.shown).toEqual(['x'.repeat(20), 'x'.repeat(20), 'xxxxx', 'y', 'a', 'b']);
});

test('a frame that grows and shrinks leaves nothing behind', () => {
  const { terminal, screen, frame } = setup(['long line', 'b']);
  frame.splice(0, 2, 'l', 'b', 'c');
  screen.refresh();
  expect(terminal.shown).toEqual(['l', 'b', 'c']);
  frame.splice(1, 2);
  screen.refresh();
  expect(terminal.shown).toEqual(['l']);
});

test('only what has changed is written, in one piece, and nothing where nothing has', () => {
  const { terminal, screen, frame } = setup(['unchanged', 'b']);
  terminal.written.length = 0;
  frame[1] = 'c';
  screen.refresh();
  screen.refresh();
  expect(terminal.written).toHaveLength(1);
  expect(terminal.written[0]).not.toContain('unchanged');
  expect(terminal.shown).toEqual(['unchanged', 'c']);
});

test('a new size draws everything anew for it, with the lines for which there is room', () => {
  const terminal = new FakeTerminal(20, 10);
  const screen = new Screen(terminal);
  screen.show((columns, rows) => [`${columns} x ${rows}`, 'b']);
  screen.print(['one', 'two', 'w'.repeat(25), 'three']);
  terminal.resize(10, 7);
  // Seven rows: the cursor's, two of the frame, and of four lines those that fit, one of them in three rows.
  expect(terminal.shown).toEqual(['w'.repeat(10), 'w'.repeat(10), 'wwwww', 'three', '9 x 6', 'b']);
});

test('at the end the frame stays, the cursor is back, and later lines are plain', () => {
  const { terminal, screen } = setup(['a']);
  screen.close();
  screen.close();
  expect(terminal.written.filter((text) => text === '\u001B[?25h')).toHaveLength(1);
  screen.print(['late']);
  expect(terminal.shown).toEqual(['a', 'late']);
  expect(terminal.listenerCount('resize')).toBe(0);
});
