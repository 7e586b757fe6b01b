import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Situation } from '../../../certs-fixtures/situation.ts';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import type { Cause } from '../../../src/doctor/cause.ts';
import { makeReport, type Report } from '../../../src/doctor/report.ts';
import { configText } from '../../harness/config-text.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { startSituation } from '../../harness/start-situation.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { diagnoseConfig } from './diagnose-config.ts';

/** The cause of every situation that is refused by default. */
const causes: Readonly<Record<string, Cause>> = {
  'old-root-expired-newer-cross-sign': 'anchor_expired',
  'aki-critical': 'unknown_critical_extension',
  'ski-critical': 'unknown_critical_extension',
  'basic-constraints-missing-intermediate': 'issuer_is_no_ca',
  'leaf-algorithms-inconsistent': 'malformed_certificate',
  'intermediate-missing': 'missing_intermediate',
  'intermediate-wrong': 'missing_intermediate',
  'root-unknown': 'private_ca_not_in_bundle',
  'root-unknown-presented': 'private_ca_not_in_bundle',
  'root-of-the-same-name': 'wrong_ca',
  'self-signed': 'self_signed_leaf',
  'issuer-is-no-ca': 'issuer_is_no_ca',
  'path-length-exceeded': 'path_length_exceeded',
  'name-not-permitted': 'name_constraint_violated',
  'name-excluded': 'name_constraint_violated',
  'client-purpose': 'wrong_purpose',
  'client-purpose-intermediate': 'wrong_purpose',
  'critical-extension-unknown': 'unknown_critical_extension',
  'key-explicit-curve': 'malformed_certificate',
  'signature-broken': 'broken_signature',
  'signature-broken-below-intermediate': 'broken_signature',
  'signature-sha1': 'weak_signature',
  'signature-md5': 'weak_signature',
  'key-weak': 'weak_key',
  'key-weak-root': 'weak_key',
  'expired-leaf': 'leaf_expired',
  'expired-intermediate': 'intermediate_expired',
  'expired-root': 'anchor_expired',
  'not-yet-valid-leaf': 'not_yet_valid',
  'not-yet-valid-intermediate': 'not_yet_valid',
  'expired-and-for-another-host': 'leaf_expired',
  'name-other': 'name_mismatch',
  'name-common-name-beside-others': 'name_mismatch',
  'name-wildcard-two-labels': 'name_mismatch',
  'name-wildcard-apex': 'name_mismatch',
  'name-wildcard-partial': 'name_mismatch',
  'name-wildcard-inner': 'name_mismatch',
  'name-wildcard-top-level': 'name_mismatch',
  'name-wildcard-alone': 'name_mismatch',
  'name-other-address': 'name_mismatch',
  'name-no-address': 'name_mismatch',
  'name-address-in-common-name': 'name_mismatch',
  'name-with-nul': 'name_mismatch',
  'tls-11-at-most': 'old_protocol',
  'peer-tls-1-0': 'old_protocol',
  'peer-tls-1-1': 'old_protocol',
  'no-common-cipher': 'no_common_cipher',
  'client-certificate-required-12': 'client_certificate_required',
  'client-certificate-required-13': 'client_certificate_required',
  'client-certificate-wrong-12': 'client_certificate_refused',
  'client-certificate-wrong-13': 'client_certificate_refused',
  'sni-missing-for-address': 'name_mismatch',
  'pin-other': 'pin_mismatch',
  'peer-plaintext': 'not_tls',
  'peer-reset': 'handshake_broken_off',
  'peer-fin': 'handshake_broken_off',
  'peer-stall': 'handshake_stalled',
};

function causeOf({ id, expected, strict }: Situation): Cause {
  if (expected !== 'accepted') return causes[id] ?? 'none';
  return strict === 'accepted' ? 'none' : 'strict_clients_refuse';
}

const isAboutChain = ({ expected }: Situation) => expected.startsWith('tls_cert_');
const refused = catalogue.filter(({ expected }) => expected !== 'accepted');
const strictOnly = catalogue.filter(({ expected, strict }) => expected === 'accepted' && strict !== expected);
/** Pins go with verification alone. */
const hidden = catalogue.filter((one) => isAboutChain(one) && one.id !== 'pin-other');

const verdicts = readFileSync(new URL('../../../docs/verdicts.md', import.meta.url), 'utf8');
/** Where a certificate is what it is about: a client certificate or a pin is none of their bundle's. */
const measured = catalogue.filter(
  ({ id, expected }) => /^accepted$|^tls_cert_(?!pin)/.test(expected) && verdicts.includes(`| \`${id}\``),
);

/** The cells of the table. */
function verdictsOf(id: string): Record<string, boolean> {
  const row = verdicts.split('\n').find((line) => line.startsWith(`| \`${id}\``));
  const cells = row?.split(' | ') ?? [];
  const accepts = (column: number) => cells[column]?.startsWith('yes') === true;
  return { curl: accepts(5), 'Python 3.13': accepts(6), Node: accepts(7) };
}

type Reports = ReadonlyMap<string, Report>;

/** What `doctor` says of situations, by their ids, each entry changed as the test likes. */
async function examineAll(
  situations: readonly Situation[],
  change: (entry: Entry) => object,
): Promise<Reports> {
  const folder = temporaryDirectory();
  const entries: [string, object][] = [];
  for (const situation of situations) {
    const { port } = await startSituation(situation.setUp());
    const entry = situationEntry(situation, port, writeSituation(folder, situation)) as Entry;
    entries.push([situation.id, change(entry)]);
  }
  const servers = Object.fromEntries(entries) as Record<string, object>;
  const found = await diagnoseConfig(configText(servers, { timeouts: { dial: '3s' } }));
  return new Map(found.map((evidence) => [evidence.subject.label, makeReport(evidence)]));
}

interface Entry {
  readonly ssl_verify: string;
  readonly tls: object;
}

describe('doctor names the cause of every situation of the catalogue', () => {
  let reports: Reports;
  beforeAll(async () => {
    reports = await examineAll(catalogue, (entry) => entry);
  }, 120_000);

  it('no refusal is without a cause of its own', () => {
    expect(refused.map(({ id }) => id).filter((id) => !(id in causes))).toEqual([]);
  });

  it.each(catalogue)('$id', (situation) => {
    const { id, expected } = situation;
    const report = reports.get(id);
    expect(report?.cause).toBe(causeOf(situation));
    expect(report?.reason).toBe(expected === 'accepted' ? undefined : expected);
    expect(report?.verdict === 'failed').toBe(expected !== 'accepted');
    expect(report?.fault === undefined).toBe(report?.cause === 'none');
  });

  it.each(measured)('$id: the clients judge it as docs/verdicts.md has measured', ({ id }) => {
    const said = reports.get(id)?.clients.map(({ client, accepts }) => [client, accepts]);
    expect(Object.fromEntries(said ?? [])).toMatchObject(verdictsOf(id));
  });

  it.each(refused)('$id has a remedy', ({ id }) => {
    expect(reports.get(id)?.remedy.length).toBeGreaterThan(0);
  });
});

describe('with tls.strict the same defects are what it fails for', () => {
  let reports: Reports;
  beforeAll(async () => {
    reports = await examineAll(strictOnly, (entry) => ({ ...entry, tls: { ...entry.tls, strict: true } }));
  }, 120_000);

  it.each(strictOnly)('$id', ({ id }) => {
    expect(reports.get(id)).toMatchObject({
      cause: 'strict_defects',
      reason: 'tls_cert_strict',
      verdict: 'failed',
    });
  });
});

describe('with ssl_verify: false the same causes are what it hides', () => {
  let reports: Reports;
  beforeAll(async () => {
    reports = await examineAll(hidden, ({ ssl_verify: bundle, ...entry }) => ({
      ...entry,
      ssl_verify: false,
      tls: { ...entry.tls, verify_with: bundle },
    }));
  }, 120_000);

  it.each(hidden)('$id', (situation) => {
    const { id, expected } = situation;
    expect(reports.get(id)).toMatchObject({
      cause: causeOf(situation),
      reason: expected,
      verdict: 'warning',
    });
  });
});

describe('under ssl_verify: false no client certificate is shown, and none is said to be refused', () => {
  const wanting = catalogue.filter(({ id }) => /^client-certificate-(?:sent|wrong)-1[23]$/.test(id));
  let reports: Reports;
  beforeAll(async () => {
    reports = await examineAll(wanting, (entry) => ({ ...entry, ssl_verify: false }));
  }, 120_000);

  it.each(wanting.filter(({ id }) => id.endsWith('-12')))('$id', ({ id }) => {
    expect(reports.get(id)).toMatchObject({
      cause: 'client_certificate_unshown',
      sentence: expect.stringContaining('whether it is taken shows with serve alone') as string,
    });
  });

  it.each(wanting.filter(({ id }) => id.endsWith('-13')))(
    '$id: over TLS 1.3 nothing is asked that could be refused',
    ({ id }) => {
      expect(reports.get(id)?.cause).not.toBe('client_certificate_refused');
    },
  );
});
