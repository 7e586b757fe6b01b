import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { ServerEntry } from '../../../src/config/config.ts';
import { diagnose } from '../../../src/doctor/diagnose.ts';
import { dates, makeEvidence, policyOf } from './make-evidence.ts';

const ca = createCa({ name: 'Corp Root CA', ...dates });
const { chain } = ca.issue('mcp.example.com', { ...dates, authorityKeyIdentifier: false });

/** The YAML that is proposed for a server that strict clients refuse. */
function proposed(changes: Partial<ServerEntry>): string | undefined {
  const evidence = makeEvidence(policyOf(ca.pem), chain);
  const { subject } = evidence;
  if (subject.entry?.kind !== 'server') throw new Error('the evidence is of a server');
  const entry = { ...subject.entry, ...changes };
  const { remedy } = diagnose({ ...evidence, subject: { ...subject, entry } });
  return remedy.find(({ kind }) => kind === 'yaml')?.text;
}

describe('the entry that a remedy proposes has the real address where the file has it', () => {
  it('at url', () => {
    expect(proposed({})).toBe(
      'mcp_servers:\n  my_mcp_server:\n    url: https://mcp.example.com/mcp\n    ssl_verify: /etc/ssl/corp.pem',
    );
  });

  it('at tls.upstream_url: url is what LiteLLM reads from the same file', () => {
    expect(proposed({ hasUpstreamUrl: true })).toBe(
      'mcp_servers:\n  my_mcp_server:\n    tls:\n      upstream_url: https://mcp.example.com/mcp\n    ssl_verify: /etc/ssl/corp.pem',
    );
  });
});
