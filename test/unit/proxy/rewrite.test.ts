import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/failure.ts';
import { rewriteHead, type RewriteContext } from '../../../src/proxy/rewrite.ts';

const context: RewriteContext = {
  server: 'mcp',
  protocol: 'https',
  authority: { host: 'mcp.test', port: 8443 },
  target: '/a/b?q',
  isOwnListener: ({ host, port }) => port === 8921 && (host === 'localhost' || host.startsWith('127.')),
};

function rewritten(name: string, value: string): string | undefined {
  const head = rewriteHead(['X', '1', name, value], context);
  return head instanceof Failure ? head.reason : head[3];
}

describe('a Location', () => {
  it.each([
    ['/c', '/mcp/c'],
    ['c', '/mcp/a/c'],
    ['', '/mcp/a/b?q'],
    ['?x=1#f', '/mcp/a/b?x=1#f'],
    ['../../../c', '/mcp/c'],
    ['/../other/c', '/mcp/other/c'],
    ['/%2e%2e/other', '/mcp/other'],
    ['\\other', '/mcp/other'],
    ['https://mcp.test:8443', '/mcp/'],
    ['HTTPS://MCP.test:8443/c?d', '/mcp/c?d'],
    ['//mcp.test:8443/c', '/mcp/c'],
  ])('%j stays on the server and becomes %s', (value, expected) => {
    expect(rewritten('Location', value)).toBe(expected);
  });

  it.each([
    'https://mcp.test/c',
    'http://mcp.test:8443/c',
    'https://login.test/?next=/c',
    '//login.test/x',
    'custom:thing',
    'https://mcp.test:8443@evil.test/',
  ])('%s leads elsewhere and passes as it is', (value) => {
    expect(rewritten('location', value)).toBe(value);
  });

  it.each([
    'http://localhost:8921/other/x',
    'http://127.0.0.1:8921/other',
    '//127.1:8921/other',
    'http://2130706433:8921/',
    'https://',
    'http://[::g]/',
    'http:/other/x',
    'http:other',
    'ht\ttp:/other',
  ])('%s leads to another server of ours, or nowhere, and is refused', (value) => {
    expect(rewritten('Location', value)).toBe('response_malformed');
  });

  it('is never turned into a place outside of the own prefix', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '\\',
      'other',
      '%2e',
      '//',
      'https:',
      'mcp.test:8443',
      ':',
      '@',
      '?',
      '#',
      '\t',
      ' ',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
        const value = pieces.join('');
        const result = rewritten('Location', value) ?? '';
        if (result === value || result === 'response_malformed') return;
        // As a client of the sidecar would resolve it.
        expect(new URL(result, 'http://localhost:8921/mcp/a/b').href).toMatch(
          /^http:\/\/localhost:8921\/mcp\//,
        );
      }),
      { numRuns: 3_000 },
    );
  });

  it('left as it is never leads a client back to the sidecar', () => {
    const piece = fc.constantFrom(
      '/',
      '..',
      '\\',
      'other',
      'http:',
      'https:',
      '//',
      'localhost:8921',
      'evil.test',
      '@',
      '\t',
      ' ',
      'c',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const value = pieces.join('');
        if (rewritten('Location', value) !== value || value === '') return;
        // What passes is absolute, or else a client would resolve it against us.
        const seen = new URL(value, 'http://localhost:8921/mcp/a/b');
        // `otherhttp://…` leads no HTTP client anywhere.
        if (!/^https?:$/.test(seen.protocol)) return;
        expect(seen.host).not.toBe('localhost:8921');
      }),
      { numRuns: 3_000 },
    );
  });
});

describe('a Set-Cookie', () => {
  it.each([
    ['a=b', 'a=b'],
    ['a=b; Path=/', 'a=b; Path=/mcp'],
    ['a=b; path=/x/y; HttpOnly', 'a=b; Path=/mcp/x/y; HttpOnly'],
    ['a=b; Domain=mcp.test; Secure; SameSite=Lax', 'a=b; SameSite=Lax'],
    ['a=b;secure;DOMAIN=.mcp.test;Max-Age=1', 'a=b;Max-Age=1'],
    ['secure=domain; Path=/', 'secure=domain; Path=/mcp'],
    ['a="x; y"; Expires=Wed, 01 Jan 2031 00:00:00 GMT', 'a="x; y"; Expires=Wed, 01 Jan 2031 00:00:00 GMT'],
  ])('%j becomes %j', (value, expected) => {
    expect(rewritten('Set-Cookie', value)).toBe(expected);
  });

  it('gets a path of its own where the default one would reach other servers', () => {
    const cookies = (value: string) => rewriteHead(['Set-Cookie', value], { ...context, cookiePath: '/mcp' });
    expect(cookies('a=b; HttpOnly')).toEqual(['Set-Cookie', 'a=b; HttpOnly; Path=/mcp']);
    expect(cookies('a=b; Path=foo')).toEqual(['Set-Cookie', 'a=b; Path=foo; Path=/mcp']);
    expect(cookies('a=b; Path=/x')).toEqual(['Set-Cookie', 'a=b; Path=/mcp/x']);
  });

  it('keeps its place among others', () => {
    const head = rewriteHead(['Set-Cookie', 'a=1; Path=/', 'X', '1', 'set-cookie', 'b=2'], context);
    expect(head).toEqual(['Set-Cookie', 'a=1; Path=/mcp', 'X', '1', 'set-cookie', 'b=2']);
  });
});
