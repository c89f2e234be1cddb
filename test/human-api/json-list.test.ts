import { parseList } from '../../src/human-api/json-list';

const parsed = (text: string) => parseList(Buffer.from(text));

test('a list is what JSON makes of it', () => {
  expect(parsed('\ufeff [1, {"a": "]"}, null] \n')).toEqual([1, { a: ']' }, null]);
  expect(parsed('[]')).toEqual([]);
});

test('no number is null, but a text that says so stays as it is', () => {
  expect(parsed('[{"a":NaN,"b":"NaN, \\"Infinity","c":[-Infinity,1]},{"NaN":Infinity}]')).toEqual([
    { a: null, b: 'NaN, "Infinity', c: [null, 1] },
    { NaN: null },
  ]);
});

test('an element that cannot be read is undefined, and the others are as they are', () => {
  expect(parsed('[{"a":1},{"b":},{"c":"x\ty"},undefined,,{"d":"[,]"},]')).toEqual([
    { a: 1 },
    undefined,
    undefined,
    undefined,
    { d: '[,]' },
  ]);
});

test.each([
  '',
  ' ',
  'null',
  '{"a":[NaN]}',
  '[{"a":1},{"b":2}',
  '[{"a":NaN},{"b":2}',
  '[{"a":NaN},{"b":"2}]',
  '[{"a":NaN}]]',
  '[{"a":NaN}][{"b":2}]',
  '[{"a":NaN}],',
  '[NaN] [',
  '<html>[NaN]</html>',
])('%s is no list: what is cut off must not read as a shorter one', (text) => {
  expect(parsed(text)).toBeNull();
});

test('megabytes with one bad element take about as long as without', () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `{"id":"r${index}","note":"${'\\"x'.repeat(50)}"}`);
  const cpu = process.cpuUsage();
  expect(parsed(`[${rows.join(',')},{"note":NaN,"long":"${'\\"'.repeat(1_000_000)}"}]`)).toHaveLength(20_001);
  const { user, system } = process.cpuUsage(cpu);
  expect((user + system) / 1_000).toBeLessThan(5_000);
});
