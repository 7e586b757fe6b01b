import { expect, test } from 'vitest';
import { renderFindings, verdict } from '../../bench/render.ts';
import { median, quantile, ratios } from '../../bench/statistics.ts';

test('a target is held against the median as it is, not as it is rounded', () => {
  const atMost = (...values: number[]) => verdict({ what: '', values, target: { atMost: 1.5 } });
  expect(atMost(0, 1.5, 99)).toBe('met');
  expect(atMost(1.501)).toBe('NOT MET');
  const atLeast = (...values: number[]) => verdict({ what: '', values, target: { atLeast: 3 } });
  expect(atLeast(0, 3, 3)).toBe('met');
  expect(atLeast(2.999)).toBe('NOT MET');
});

test('what has no figures is said not to be measured, and never met', () => {
  expect(verdict({ what: 'memory', values: [], target: { atMost: 60 } })).toBe('not measured');
});

test('ratios are taken round by round, of the rounds that both have', () => {
  expect(ratios([2, 9, 4], [1, 3])).toEqual([2, 3]);
  expect(ratios([2], undefined)).toEqual([]);
});

test('quantiles lie between the neighbours', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(quantile([10, 20, 30], 0.99)).toBeCloseTo(29.8);
});

test('a line has the target, the median with its spread, and the word', () => {
  const finding = { what: 'CPU', values: [1.2, 1.4, 1.3], unit: 'x', target: { atMost: 1.35 } };
  expect(renderFindings([finding]).split('\n').at(-1)).toBe(
    '| CPU | at most 1.35 x | 1.30 (1.20–1.40) x | met |',
  );
});
