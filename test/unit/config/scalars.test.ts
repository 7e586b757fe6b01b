import { expect, test } from 'vitest';
import { resolvePlainScalar } from '../../../src/config/scalars.ts';

// What yaml.safe_load of PyYAML 6.0.3 gives.
test.each<[string, unknown]>([
  ['yes', true],
  ['On', true],
  ['FALSE', false],
  ['off', false],
  ['y', 'y'],
  ['N', 'N'],
  ['tRUE', 'tRUE'],
  ['', null],
  ['~', null],
  ['Null', null],
  ['nULL', 'nULL'],
  ['0', 0],
  ['-12', -12],
  ['1_000', 1000],
  ['010', 8],
  ['0o10', '0o10'],
  ['0b101', 5],
  ['-0x1F', -31],
  ['1:30', 90],
  ['1:30.5', 90.5],
  ['08', '08'],
  ['1.5', 1.5],
  ['1e3', '1e3'],
  ['1.0e+3', 1000],
  ['.5', 0.5],
  ['-.INF', -Infinity],
  ['.nan', NaN],
  ['127.0.0.1:8921', '127.0.0.1:8921'],
  ['2026-12-31', '2026-12-31'],
  ['<<', '<<'],
])('%s is read as %o', (text, expected) => {
  expect(resolvePlainScalar(text)).toBe(expected);
});
