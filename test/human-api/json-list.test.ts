import { parseList } from '../../src/human-api/json-list';
import { cpuMs } from '../support/cpu';

const parsed = (text: string) => parseList(Buffer.from(text));

test('a list is parsed as JSON', () => {
  expect(parsed('\ufeff [1, {"a": "]"}, null] \n')).toEqual([1, { a: ']' }, null]);
  expect(parsed('[]')).toEqual([]);
});

test('an invalid number becomes null, except inside a string', () => {
  expect(parsed('[{"a":NaN,"b":"NaN, \\"Infinity","c":[-Infinity,1]},{"NaN":Infinity}]')).toEqual([
    { a: null, b: 'NaN, "Infinity', c: [null, 1] },
    { NaN: null },
  ]);
});

test('an invalid element becomes undefined, and the others are unaffected', () => {
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
  '[,]',
  '[ , ,]',
  '[{"a":NaN}][{"b":2}]',
  '[{"a":NaN}],',
  '[NaN] [',
  '<html>[NaN]</html>',
])('%s is not a list: a truncated one must not look like a shorter one', (text) => {
  expect(parsed(text)).toBeNull();
});

test('ids beyond 2^53 keep their digits, also next to an invalid element', () => {
  const row =
    '{"id":12345678901234567891,"organization":{"id" : 98765432109876543211 },"note":"\\"id\\":12345678901234567891,"}';
  const read = {
    id: '12345678901234567891',
    organization: { id: '98765432109876543211' },
    note: '"id":12345678901234567891,',
  };
  expect(parsed(`[${row}]`)).toEqual([read]);
  expect(parsed(`[${row},{"a":NaN}]`)).toEqual([read, { a: null }]);
});

test('megabytes with one invalid element are parsed in linear time', async () => {
  const rows = Array.from({ length: 20_000 }, (_, index) => `{"id":"r${index}","note":"${'\\"x'.repeat(50)}"}`);
  const [list, tookMs] = await cpuMs(async () =>
    parsed(`[${rows.join(',')},{"note":NaN,"long":"${'\\"'.repeat(1_000_000)}"}]`),
  );
  expect(list).toHaveLength(20_001);
  expect(tookMs).toBeLessThan(5_000);
});
