import { expect, it } from 'vitest';
import { readDigits } from '../../../src/upstream/field-lines.ts';

it.each([
  ['0', 0],
  ['007', 7],
  ['120', 120],
  ['999999999999999', 999_999_999_999_999],
])('%s is a number', (text, value) => {
  expect(readDigits(text)).toBe(value);
});

it.each(['', ' 1', '1 ', '+1', '-1', '1.0', '1e3', '0x1', '1,1', '\u0661', '1/', '1:', '1000000000000000'])(
  'and %j is none',
  (text) => {
    expect(readDigits(text)).toBeUndefined();
  },
);
