import { expect, test } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { diagnose } from '../../../src/doctor/diagnose.ts';
import { Failure, failureReasons, type FailureReason } from '../../../src/failure.ts';
import { makeEvidence, policyOf } from './make-evidence.ts';

/** Of those that a dial or a request can end in; the others befall a running sidecar or its clients. */
const foreign: readonly FailureReason[] = [
  'loop_detected',
  'limit_reached',
  'draining',
  'internal',
  'downstream_aborted',
  'downstream_tls_failed',
];

const ca = createCa();
const chain = ca.issue('mcp.example.com').chain;

test.each(failureReasons.filter((reason) => !foreign.includes(reason)))('%s', (reason) => {
  for (const presented of [chain, '']) {
    const evidence = makeEvidence(policyOf(ca.pem), presented, { failure: new Failure(reason, 'handshake') });
    const { cause, fault, sentence, remedy } = diagnose(evidence);
    expect(['none', 'internal']).not.toContain(cause);
    expect(fault).toBeDefined();
    expect(sentence).not.toMatch(/undefined|\.$/);
    expect(remedy.length).toBeGreaterThan(0);
  }
});

test('the same evidence yields the same words, whatever the time', () => {
  const evidence = makeEvidence(policyOf(ca.pem), chain);
  const first = diagnose(evidence);
  expect(diagnose({ ...evidence })).toEqual(first);
});
