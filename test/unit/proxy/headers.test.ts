import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bindsConnection,
  hasPassedThrough,
  requestHeaders,
  responseHeaders,
  withoutEncoding,
} from '../../../src/proxy/headers.ts';
import { headerValues } from '../../../src/upstream/raw-headers.ts';

describe('the headers of the upstream request', () => {
  it('begin with the Host of the upstream and end with Via; the rest keeps order, case and duplicates', () => {
    const raw = ['X-B', '1', 'HOST', 'localhost', 'x-a', '2', 'X-B', '3', 'Cookie', 'a', 'cookie', 'b'];
    expect(requestHeaders(raw, 'mcp.test:8443', 'me')).toEqual([
      'Host',
      'mcp.test:8443',
      'X-B',
      '1',
      'x-a',
      '2',
      'X-B',
      '3',
      'Cookie',
      'a',
      'cookie',
      'b',
      'Via',
      '1.1 me',
    ]);
  });

  it.each([
    'Connection',
    'KEEP-ALIVE',
    'TE',
    'Transfer-Encoding',
    'Upgrade',
    'HTTP2-Settings',
    'Proxy-Authorization',
    'proxy-anything',
    'Expect',
    'Trailer',
  ])('%s ends here', (name) => {
    expect(requestHeaders([name, 'x', 'X-A', '1'], 'h', 'v')).toEqual([
      'Host',
      'h',
      'X-A',
      '1',
      'Via',
      '1.1 v',
    ]);
  });

  it('what Connection names ends here, in any case and in several lines, but never the length', () => {
    const raw = [
      'Connection',
      ' X-A,close , Content-Length',
      'x-a',
      '1',
      'connection',
      'x-b',
      'X-B',
      '2',
      'X-C',
      '3',
      'Content-Length',
      '5',
    ];
    expect(requestHeaders(raw, 'h', 'v')).toEqual([
      'Host',
      'h',
      'X-C',
      '3',
      'Content-Length',
      '5',
      'Via',
      '1.1 v',
    ]);
  });

  it.each([
    'Authorization',
    'Mcp-Session-Id',
    'MCP-Protocol-Version',
    'Last-Event-ID',
    'Accept-Encoding',
    'Origin',
    'Forwarded',
    'X-Forwarded-For',
  ])('%s passes as the client sent it', (name) => {
    expect(requestHeaders([name, 'x'], 'h', 'v').slice(2, 4)).toEqual([name, 'x']);
  });

  it('can ask for a response without encoding, whatever the client accepts', () => {
    const asked = withoutEncoding(['Accept-Encoding', 'gzip', 'A', '1', 'accept-encoding', 'br']);
    expect(asked).toEqual(['A', '1', 'Accept-Encoding', 'identity']);
  });

  it('hold whatever was no affair of this connection, in order', () => {
    const name = fc.constantFrom('A', 'b', 'Set-Cookie', 'X-C');
    const pairs = fc.array(fc.tuple(name, fc.string()));
    fc.assert(
      fc.property(pairs, (headers) => {
        expect(requestHeaders(headers.flat(), 'h', 'v').slice(2, -2)).toEqual(headers.flat());
      }),
    );
  });
});

describe('the headers of the response', () => {
  it('speak of this hop and of the sidecar only', () => {
    const raw = [
      'Strict-Transport-Security',
      'max-age=1',
      'Alt-Svc',
      'h3',
      'Proxy-Authenticate',
      'Basic',
      'Transfer-Encoding',
      'chunked',
      'Date',
      'd',
      'Trailer',
      't',
      'Via',
      '1.0 x',
    ];
    expect(responseHeaders(raw, 'me')).toEqual([
      'Date',
      'd',
      'Trailer',
      't',
      'Via',
      '1.0 x',
      'Via',
      '1.1 me',
    ]);
  });
});

describe('a loop', () => {
  it.each([
    ['1.1 me', true],
    ['1.0 other, 1.1  me (comment)', true],
    ['HTTP/1.1 me', true],
    ['1.1 meme', false],
    ['me', false],
    ['1.1 other (1.1 me', false],
  ])('Via: %s means %s', (via, expected) => {
    expect(hasPassedThrough(['VIA', via], 'me')).toBe(expected);
  });
});

describe('authentication that binds a connection', () => {
  it.each([
    ['NTLM', true],
    ['ntlm TlRM', true],
    ['Basic realm="x", Negotiate', true],
    ['Negotiate YII=', true],
    ['Bearer negotiate', false],
    ['Basic', false],
    ['NTLMv2x', false],
  ])('WWW-Authenticate: %s: %s', (value, expected) => {
    expect(bindsConnection(['WWW-Authenticate', value], 'www-authenticate')).toBe(expected);
  });

  it('is found among several lines', () => {
    expect(
      bindsConnection(['www-authenticate', 'Basic', 'WWW-Authenticate', 'NTLM'], 'www-authenticate'),
    ).toBe(true);
  });
});

it('the values of a header are found in any case, in order', () => {
  expect(headerValues(['A', '1', 'a', '2', 'AB', '3'], 'a')).toEqual(['1', '2']);
});
