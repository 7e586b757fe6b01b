import { beforeAll, describe, expect, it } from 'vitest';
import type { Situation } from '../../../certs-fixtures/situation.ts';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import { makeReport, type Report } from '../../../src/doctor/report.ts';
import type { StatusDocument } from '../../../src/status/status-document.ts';
import { ask } from '../../harness/ask.ts';
import { configText } from '../../harness/config-text.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { startInProcess } from '../../harness/start-in-process.ts';
import { startSituation } from '../../harness/start-situation.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { diagnoseConfig } from '../doctor/diagnose-config.ts';
import { find, readStatus } from './a-few-servers.ts';

/** Where doctor asks once more, which the page does not: it says less, and that doctor finds out. */
const lessOnThePage: Readonly<Record<string, string>> = {
  'no-common-cipher': 'handshake_refused',
  'client-certificate-required-12': 'handshake_refused',
  'client-certificate-wrong-12': 'handshake_broken_off',
  'client-certificate-wrong-13': 'broken_answer',
};

describe('of every situation of the catalogue /api/servers says what doctor finds', () => {
  let status: StatusDocument;
  let reports: ReadonlyMap<string, Report>;

  beforeAll(async () => {
    const folder = temporaryDirectory();
    const entries: Record<string, object> = {};
    for (const situation of catalogue) {
      const { port } = await startSituation(situation.setUp());
      entries[situation.id] = situationEntry(situation, port, writeSituation(folder, situation));
    }
    const config = configText(entries, { timeouts: { dial: '3s' } });
    const found = await diagnoseConfig(config);
    reports = new Map(found.map((evidence) => [evidence.subject.label, makeReport(evidence)]));
    const sidecar = await startInProcess({ config });
    await Promise.all(catalogue.map(({ id }) => ask(sidecar.proxy, `/${id}/mcp`)));
    status = await readStatus(sidecar);
    return () => sidecar.close();
  }, 120_000);

  it.each(catalogue)('$id', ({ id, expected }: Situation) => {
    const { health, last_failure, diagnosis } = find(status, id);
    const report = reports.get(id);
    expect(last_failure?.reason ?? 'accepted').toBe(expected);
    expect(health === 'failing').toBe(expected !== 'accepted');
    expect(health === 'good').toBe(report?.cause === 'none');
    const less = lessOnThePage[id];
    expect(diagnosis?.cause).toBe(less ?? report?.cause);
    if (less !== undefined) expect(diagnosis?.remedy[0]?.text).toContain('mcp-tls-sidecar doctor');
    // Who does not ask does not learn which old version it speaks, either.
    else expect(report?.sentence).toContain(diagnosis?.sentence);
  });
});
