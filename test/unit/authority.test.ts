import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatAuthority,
  formatHost,
  formatHostHeader,
  normaliseHost,
  parseAuthority,
} from '../../src/authority.ts';

test.each([
  ['MCP.Example.COM', 'mcp.example.com'],
  ['mcp.example.com.', 'mcp.example.com'],
  ['mcp.example.com。', 'mcp.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['faß.de', 'xn--fa-hia.de'],
  ['ａ.com', 'a.com'],
  ['my_host.example', 'my_host.example'],
  ['127.1', '127.0.0.1'],
  ['0x7f.1', '127.0.0.1'],
  ['2130706433', '127.0.0.1'],
  ['127.0.0.1.', '127.0.0.1'],
  ['[::0:1]', '::1'],
  ['[2001:DB8:0::1]', '2001:db8::1'],
  ['[::ffff:127.0.0.1]', '::ffff:7f00:1'],
])('%s is the host %s', (text, host) => {
  expect(normaliseHost(text)).toBe(host);
});

test.each([
  '',
  '.',
  '..',
  'a..b',
  'a..',
  'a b',
  'a\tb',
  'a\u0000b',
  'user@host',
  'a%41',
  '％41',
  'a/b',
  'a?b',
  'a#b',
  'a:b',
  '::1',
  '[::1',
  '[::1%lo]',
  '[::1]x',
  '[mcp.example.com]',
  '*.example.com',
  '-a.example',
  'a-.example',
  '256.1.1.1',
  '1.2.3.4.5',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(127)}aa`,
  '\u00ad',
])('%j is no host', (text) => {
  expect(normaliseHost(text)).toBeUndefined();
});

test('a normal form stays as it is', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.domain(),
        fc.ipV4Extended(),
        fc.ipV6().map((text) => `[${text}]`),
        fc.string(),
      ),
      (text) => {
        const host = normaliseHost(text);
        if (host !== undefined) expect(normaliseHost(formatHost(host))).toBe(host);
      },
    ),
  );
});

test.each([
  ['mcp.example.com:8443', undefined, { host: 'mcp.example.com', port: 8443 }],
  ['mcp.example.com', 443, { host: 'mcp.example.com', port: 443 }],
  ['[::1]:1', undefined, { host: '::1', port: 1 }],
  ['[::1]', 443, { host: '::1', port: 443 }],
  ['a:65535', 443, { host: 'a', port: 65535 }],
])('%s with the default port %s is %o', (text, defaultPort, authority) => {
  expect(parseAuthority(text, defaultPort)).toEqual(authority);
});

test.each([
  'mcp.example.com',
  'a:',
  'a:0',
  'a:65536',
  'a:-1',
  'a:1e3',
  'a:80:80',
  ':80',
  '::1',
  'https://a:443',
])('%s is no authority', (text) => {
  expect(parseAuthority(text)).toBeUndefined();
});

test('an authority is written with brackets around IPv6', () => {
  expect(formatAuthority({ host: '::1', port: 443 })).toBe('[::1]:443');
  expect(formatAuthority({ host: 'a.example', port: 80 })).toBe('a.example:80');
});

test('a Host header has the port only where it is not the one of the scheme', () => {
  expect(formatHostHeader({ host: 'a.example', port: 443 }, 'https')).toBe('a.example');
  expect(formatHostHeader({ host: 'a.example', port: 443 }, 'http')).toBe('a.example:443');
  expect(formatHostHeader({ host: '::1', port: 80 }, 'http')).toBe('[::1]');
});
