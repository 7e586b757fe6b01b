import { describe, expect, it } from 'vitest';
import { readClientIds } from '../../../src/telemetry/client-ids.ts';

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';
const good = `00-${trace}-${parent}-01`;

describe('a traceparent is read by the grammar of W3C Trace Context', () => {
  it.each([
    ['sampled', good, good],
    ['not sampled', `00-${trace}-${parent}-00`, `00-${trace}-${parent}-00`],
    ['flags of the future', `00-${trace}-${parent}-ff`, `00-${trace}-${parent}-ff`],
    ['a later version', `cc-${trace}-${parent}-01`, `cc-${trace}-${parent}-01`],
    [
      'a later version with more, which is left out',
      `cc-${trace}-${parent}-01-x"y`,
      `cc-${trace}-${parent}-01`,
    ],
    ['version ff', `ff-${trace}-${parent}-01`, undefined],
    ['version 00 with more', `${good}-what`, undefined],
    ['version 00 with an empty rest', `${good}-`, undefined],
    ['a later version with more but no dash', `cc-${trace}-${parent}-01x`, undefined],
    ['upper case', good.toUpperCase(), undefined],
    ['a trace-id of zeros', `00-${'0'.repeat(32)}-${parent}-01`, undefined],
    ['a parent-id of zeros', `00-${trace}-${'0'.repeat(16)}-01`, undefined],
    ['a trace-id too short', `00-${trace.slice(1)}-${parent}-01`, undefined],
    ['a parent-id too long', `00-${trace}-${parent}0-01`, undefined],
    ['no flags', `00-${trace}-${parent}`, undefined],
    ['a line break', `${good}\n`, undefined],
    ['two of them in one', `${good}, ${good}`, undefined],
    ['nothing', '', undefined],
  ])('%s', (_, value, read) => {
    expect(readClientIds(['traceparent', value]).traceparent).toBe(read);
  });
});

it('what came twice is none, the same or not', () => {
  const twice = ['Traceparent', good, 'X-Request-Id', 'x', 'traceparent', good, 'x-request-id', 'x'];
  expect(readClientIds(twice)).toEqual({ traceparent: undefined, clientRequestId: undefined });
});

describe('an X-Request-Id is read where it is one word', () => {
  it.each([
    '5b3cdf1e-8a4f-4a7e-9d3b-0f6a8e1c2d3e',
    '01ARZ3NDEKTSV4RRFFQ69G5FAV',
    'req_0123.abc:1-2',
    'x',
    'x'.repeat(128),
  ])('%s', (value) => {
    expect(readClientIds(['X-Request-Id', value]).clientRequestId).toBe(value);
  });

  it.each(['', ' x', 'a b', 'a, b', 'a"b', 'a\nb', 'é', '-x', 'x'.repeat(129)])('not %j', (value) => {
    expect(readClientIds(['X-Request-Id', value]).clientRequestId).toBeUndefined();
  });
});
