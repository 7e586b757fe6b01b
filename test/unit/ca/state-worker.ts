import { X509Certificate } from 'node:crypto';
import { LocalCa } from '../../../src/ca/local-ca.ts';
import type { CaSettings } from '../../../src/config/config.ts';
import { createBundle } from '../../../src/trust/bundle.ts';

/** A second sidecar, as far as the CA goes: starts at an agreed moment and tells who signs. */
const [settingsText = '', startAtMs = '', nowMs = '', trustPem = ''] = process.argv.slice(2);
const settings = JSON.parse(settingsText) as CaSettings;
const ca = new LocalCa(settings, { now: () => Number(nowMs) });
const defaultTrust = createBundle('a test', [new X509Certificate(trustPem)]);
while (Date.now() < Number(startAtMs));
await ca.refresh({ settings, brought: undefined, defaultTrust, faults: [] });
process.stdout.write(JSON.stringify({ fault: ca.fault?.message, notAfterMs: ca.notAfterMs }));
