import { describe, expect, it } from 'vitest';
import { catalogue } from '../../../certs-fixtures/situations.ts';
import { writeSituation } from '../../../certs-fixtures/write-situation.ts';
import type { Cause } from '../../../src/doctor/cause.ts';
import { makeReport } from '../../../src/doctor/report.ts';
import { configText } from '../../harness/config-text.ts';
import { strictPython, toolMissing } from '../../harness/require-tool.ts';
import { situationEntry } from '../../harness/situation-entry.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import {
  serverFiles,
  startNginx,
  startOpenssl,
  startPython,
  type ServerFiles,
} from '../failures/real-servers.ts';
import { diagnoseConfig } from './diagnose-config.ts';

const python = strictPython();

const servers: readonly [string, boolean, (files: ServerFiles) => Promise<number>][] = [
  ['openssl s_server', toolMissing('openssl'), startOpenssl],
  ['nginx', toolMissing('nginx'), startNginx],
  ['python3', python === undefined, (files) => startPython(python?.path ?? '', files)],
];

/** Situations whose cause could depend on who serves them. */
const expected: Readonly<Record<string, Cause>> = {
  'good-ec': 'none',
  'aki-missing-leaf': 'strict_clients_refuse',
  'intermediate-missing': 'missing_intermediate',
  'self-signed': 'self_signed_leaf',
  'expired-leaf': 'leaf_expired',
  'name-other': 'name_mismatch',
  'tls-11-at-most': 'old_protocol',
  'client-certificate-sent-12': 'none',
  'client-certificate-required-12': 'client_certificate_required',
  'client-certificate-required-13': 'client_certificate_required',
  'client-certificate-wrong-12': 'client_certificate_refused',
  'client-certificate-wrong-13': 'client_certificate_refused',
};

describe.each(servers)('%s', (name, isMissing, startServer) => {
  it.skipIf(isMissing).each(Object.entries(expected))(`%s is %s (needs ${name})`, async (id, cause) => {
    const situation = catalogue.find((one) => one.id === id);
    if (situation === undefined) throw new Error(`there is no situation ${id}`);
    const files = writeSituation(temporaryDirectory(), situation);
    const port = await startServer(serverFiles(situation.setUp(), files));
    const [evidence] = await diagnoseConfig(configText({ one: situationEntry(situation, port, files) }));
    expect(evidence && makeReport(evidence).cause).toBe(cause);
  });
});
