import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { isCertificateFor } from '../../../src/trust/verify-identity.ts';

const ca = createCa();
const certificateFor = (names: string[], options = {}) =>
  new X509Certificate(ca.issue(names, options).certificate);

describe('a certificate is for a host', () => {
  it.each([
    [['mcp.corp.test'], 'mcp.corp.test', true],
    [['mcp.corp.test'], 'MCP.corp.test', true],
    [['mcp.corp.test'], 'other.corp.test', false],
    [['*.corp.test'], 'mcp.corp.test', true],
    [['*.corp.test'], 'a.mcp.corp.test', false],
    [['*.corp.test'], 'corp.test', false],
    // Node's own check takes these; OpenSSL and Python do not.
    [['m*p.corp.test'], 'mcp.corp.test', false],
    [['*cp.corp.test'], 'mcp.corp.test', false],
    [['127.0.0.1'], '127.0.0.1', true],
    [['127.0.0.1'], '127.0.0.2', false],
    [['::1'], '::1', true],
    [['mcp.test'], '127.0.0.1', false],
    [['127.0.0.1.test'], '127.0.0.1', false],
  ])('%j for %s: %s', (names, host, expected) => {
    expect(isCertificateFor(certificateFor(names), host)).toBe(expected);
  });

  it('the common name counts only where there is no subject alternative name', () => {
    expect(isCertificateFor(certificateFor(['mcp.test'], { subjectAltName: false }), 'mcp.test')).toBe(true);
    expect(isCertificateFor(certificateFor(['other.test'], { commonName: 'mcp.test' }), 'mcp.test')).toBe(
      false,
    );
  });
});
