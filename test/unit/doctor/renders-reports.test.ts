import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { withoutChain } from '../../../certs-fixtures/situation.ts';
import type { Evidence } from '../../../src/doctor/evidence.ts';
import { describeReport } from '../../../src/doctor/render-json.ts';
import { coloured, renderText } from '../../../src/doctor/render-text.ts';
import { makeReport } from '../../../src/doctor/report.ts';
import { renderChain } from '../../../src/doctor/save-chain.ts';
import { Failure } from '../../../src/failure.ts';
import { dates, makeEvidence, policyOf } from './make-evidence.ts';

const root = createCa({ name: 'Corp Root CA', ...dates });
const issuing = root.intermediate({ name: 'Corp Issuing CA', ...dates });
const host = 'mcp.example.com';
const good = issuing.issue(host, dates);
const policy = policyOf(root.pem);
const skipped = { kind: 'skipped', words: 'not reached' } as const;
const refused = (reason: Failure['reason']) => ({
  failure: new Failure(reason, 'handshake'),
  connected: undefined,
  http: skipped,
});

const mcp = {
  initialize: { kind: 'answered', status: 200, words: 'everything 2.0.0, protocol 2025-06-18' },
  tools: { kind: 'answered', status: 200, words: '13 tools: echo, add, printEnv, …' },
} as const;

const cases: Readonly<Record<string, Evidence>> = {
  'all-is-well': makeEvidence(policy, good.chain, { mcp }),
  'seed-case': makeEvidence(policy, root.issue(host, { ...dates, authorityKeyIdentifier: false }).chain),
  'missing-intermediate': makeEvidence(policy, withoutChain(good).chain, refused('tls_cert_issuer_unknown')),
  'expired-and-for-another-name': makeEvidence(
    policy,
    issuing.issue(['other.example.com', '*.example.org'], { notAfter: new Date('2026-11-01') }).chain,
    refused('tls_cert_expired'),
  ),
  'expired-and-of-an-unknown-ca': makeEvidence(
    policy,
    createCa({ name: 'Other CA', ...dates }).issue(host, { notAfter: new Date('2026-11-01') }).chain,
    refused('tls_cert_expired'),
  ),
  'verification-off': makeEvidence(
    { ...policy, verify: false },
    createCa({ name: 'Other CA', ...dates }).issue(host, dates).chain,
    {
      hidden: 'tls_cert_issuer_unknown',
      http: { kind: 'skipped', words: 'nothing is sent on a connection that is not verified' },
    },
  ),
  unreachable: makeEvidence(policy, '', {
    ...refused('connect_refused'),
    failure: new Failure('connect_refused', 'connect'),
  }),
};

/** Keys are made anew each time. */
const settle = (text: string) =>
  text.replaceAll(/\b[0-9a-f]{64}\b/g, '<sha256>').replaceAll(/(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/g, '<SHA256>');

describe('reports read as in the golden files (-u writes them anew)', () => {
  it.each(Object.entries(cases))('%s, as text and as JSON', async (name, evidence) => {
    const report = makeReport(evidence);
    const text = renderText(report);
    await expect(settle(text)).toMatchFileSnapshot(`golden/${name}.txt`);
    const json = `${JSON.stringify(describeReport(report), undefined, 2)}\n`;
    await expect(settle(json)).toMatchFileSnapshot(`golden/${name}.json.txt`);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  it('colour changes nothing but colour', () => {
    const report = makeReport(cases['missing-intermediate'] as Evidence);
    const text = renderText(report, coloured);
    expect(text).toContain('\u001b[31m');
    // eslint-disable-next-line no-control-regex -- what colour is made of
    expect(text.replaceAll(/\u001b\[\d+m/g, '')).toBe(renderText(report));
  });

  it('a saved chain says what it is', async () => {
    const text = renderChain(makeEvidence(policy, good.chain));
    const shown = settle(text).replaceAll(/(-----BEGIN CERTIFICATE-----)[^-]*/g, '$1\n…\n');
    await expect(shown).toMatchFileSnapshot('golden/saved-chain.pem.txt');
  });
});
