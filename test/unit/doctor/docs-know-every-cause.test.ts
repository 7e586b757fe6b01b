import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { causes, faultOf } from '../../../src/doctor/cause.ts';
import { makeReport } from '../../../src/doctor/report.ts';
import { describeReport } from '../../../src/doctor/render-json.ts';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { makeEvidence, policyOf } from './make-evidence.ts';

const page = readFileSync(new URL('../../../docs/doctor.md', import.meta.url), 'utf8');

test('every cause is in the table, with whose fault it is, and no other', () => {
  const rows = [...page.matchAll(/^\| `(\w+)` \| (\w*) \| /gm)].map(([, cause, fault]) => [cause, fault]);
  expect(rows).toEqual(causes.map((cause) => [cause, faultOf[cause] ?? '']));
});

test('every key of --json is documented', () => {
  const ca = createCa();
  const report = describeReport(
    makeReport(makeEvidence(policyOf(ca.pem), ca.issue('mcp.example.com').chain)),
  );
  const keys = new Set<string>();
  JSON.parse(JSON.stringify(report), (key, value: unknown) => {
    if (!/^\d*$/.test(key)) keys.add(key);
    return value;
  });
  expect([...keys].filter((key) => !page.includes(`"${key}"`))).toEqual([]);
});
