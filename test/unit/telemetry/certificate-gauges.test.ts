import { X509Certificate } from 'node:crypto';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { CertificateGauges } from '../../../src/telemetry/certificate-gauges.ts';

const hourMs = 3_600_000;
const certificates = [new X509Certificate(createCa().pem)];

it('a date that can no longer be told is gone after its hour, while handshakes go on', async () => {
  let nowMs = Date.now();
  const registry = new Registry();
  const gauges = new CertificateGauges(registry, '', () => nowMs);
  const shown = async () => (await registry.metrics()).includes('not_after_timestamp_seconds{');
  const record = (isAmbiguous: boolean) =>
    gauges.record('mcp', { certificates, isAnchored: true, isAmbiguous });

  record(false);
  nowMs += 2 * hourMs;
  // Nothing else was seen: it still holds.
  expect(await shown()).toBe(true);
  record(true);
  expect(await shown()).toBe(false);
  record(false);
  record(true);
  expect(await shown()).toBe(true);
});
