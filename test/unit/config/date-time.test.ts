import { expect, test } from 'vitest';
import { parseDateTime } from '../../../src/config/date-time.ts';
import { Fault } from '../../../src/config/fault.ts';

test.each([
  ['2026-12-31T00:00:00Z', '2026-12-31T00:00:00.000Z'],
  ['2026-12-31t00:00:00z', '2026-12-31T00:00:00.000Z'],
  ['2026-12-31T01:00:00+01:00', '2026-12-31T00:00:00.000Z'],
  ['2026-12-30T19:30:00-04:30', '2026-12-31T00:00:00.000Z'],
  ['2026-12-31T23:59:59-23:59', '2027-01-01T23:58:59.000Z'],
  ['2026-01-01T00:00:00+00:01', '2025-12-31T23:59:00.000Z'],
  ['2026-12-31T00:00:00-00:00', '2026-12-31T00:00:00.000Z'],
  ['2024-02-29T12:34:56Z', '2024-02-29T12:34:56.000Z'],
  ['2000-02-29T00:00:00Z', '2000-02-29T00:00:00.000Z'],
  ['2026-12-31T00:00:00.5Z', '2026-12-31T00:00:00.500Z'],
  ['2026-12-31T00:00:00.58Z', '2026-12-31T00:00:00.580Z'],
  ['2026-12-31T23:59:59.9999999999999999999Z', '2026-12-31T23:59:59.999Z'],
  ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ['0000-02-29T00:00:00Z', '0000-02-29T00:00:00.000Z'],
  ['9999-12-31T23:59:59Z', '9999-12-31T23:59:59.000Z'],
  ['9999-12-31T23:59:59-01:00', '+010000-01-01T00:59:59.000Z'],
])('%s is the moment %s', (text, utc) => {
  const read = parseDateTime(text);
  expect(read).toEqual({ atMs: Date.parse(utc), text });
});

test.each([
  '',
  '2026-12-31',
  '2026-12-31T00:00:00',
  '2026-12-31T00:00Z',
  '2026-12-31 00:00:00Z',
  '2026-12-31T00:00:00 Z',
  ' 2026-12-31T00:00:00Z',
  '2026-12-31T00:00:00Z\n',
  '2026-12-31T00:00:00+0100',
  '2026-12-31T00:00:00+01',
  '2026-12-31T00:00:00.Z',
  '2026-12-31T00:00:00,5Z',
  '2026-12-31T00:00:00Z[Europe/Berlin]',
  '20261231T000000Z',
  '2026-365T00:00:00Z',
  '+002026-12-31T00:00:00Z',
  '26-12-31T00:00:00Z',
  '２０２６-12-31T00:00:00Z',
  'Thu, 31 Dec 2026 00:00:00 GMT',
])('%j is no date and time with an offset', (text) => {
  expect(parseDateTime(text)).toMatchObject({ message: 'is no date and time with an offset' });
});

test.each([
  '2026-00-01T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-01-00T00:00:00Z',
  '2026-01-32T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-02-29T00:00:00Z',
  '2100-02-29T00:00:00Z',
  '2026-12-31T24:00:00Z',
  '2026-12-31T00:60:00Z',
  '2026-12-31T23:59:60Z',
  '2026-12-31T00:00:00+24:00',
  '2026-12-31T00:00:00+01:60',
])('%s does not exist', (text) => {
  expect(parseDateTime(text)).toMatchObject({ message: 'names a moment that does not exist' });
});

test('every day of four centuries is read as Date reads it, and the day after the last of each month is refused', () => {
  const day = new Date(Date.UTC(1900, 0, 1));
  for (; day.getUTCFullYear() < 2300; day.setUTCDate(day.getUTCDate() + 1)) {
    const text = day.toISOString();
    expect(parseDateTime(text)).toEqual({ atMs: day.getTime(), text });
    const next = new Date(day.getTime() + 86_400_000);
    if (next.getUTCMonth() === day.getUTCMonth()) continue;
    const beyond = String(day.getUTCDate() + 1);
    expect(parseDateTime(`${text.slice(0, 8)}${beyond}${text.slice(10)}`)).toBeInstanceOf(Fault);
  }
});
