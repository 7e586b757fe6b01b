import { expect, test } from 'vitest';
import { Fault } from '../../../src/config/fault.ts';
import { parseNoProxyRule } from '../../../src/config/no-proxy.ts';
import { parseProxyUrl } from '../../../src/config/proxy-url.ts';
import { read, readGood } from './read.ts';

function basic(credentials: string): string {
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

test.each([
  ['http://proxy.example.com', 'http', 'proxy.example.com', 80, undefined],
  ['https://proxy.example.com', 'https', 'proxy.example.com', 443, undefined],
  ['HTTP://Proxy.Example.COM.:3128/', 'http', 'proxy.example.com', 3128, undefined],
  ['http://10.1:3128', 'http', '10.0.0.1', 3128, undefined],
  ['http://[2001:DB8::1]:3128', 'http', '2001:db8::1', 3128, undefined],
  ['http://user:secret@p.test', 'http', 'p.test', 80, basic('user:secret')],
  ['http://user@p.test', 'http', 'p.test', 80, basic('user:')],
  ['http://:secret@p.test', 'http', 'p.test', 80, basic(':secret')],
  ['http://@p.test', 'http', 'p.test', 80, undefined],
  ['http://us%40er:a%2Fb%3Ac%25%3F@p.test', 'http', 'p.test', 80, basic('us@er:a/b:c%?')],
  ['http://jörg:%C3%A4@p.test', 'http', 'p.test', 80, basic('jörg:ä')],
  ['http://user:a@b@p.test', 'http', 'p.test', 80, basic('user:a@b')],
])('the proxy %s is read', (text, protocol, host, port, authorization) => {
  expect(parseProxyUrl(text)).toEqual({ protocol, authority: { host, port }, authorization });
});

test.each([
  '',
  'proxy.example.com',
  'proxy.example.com:3128',
  'user:pw@proxy.example.com:3128',
  'http:proxy.example.com',
  'http:/proxy.example.com',
  'http:///proxy.example.com',
  'http://',
  'http://:3128',
  'http://proxy.example.com:0',
  'http://proxy.example.com:65536',
  'http://proxy.example.com:x',
  'http://proxy.example.com:3128/path',
  'http://proxy.example.com:3128?',
  'http://proxy.example.com:3128#',
  'http://proxy.example.com:3128?query',
  'http://user:pa/ss@proxy.example.com',
  'http://user:pa#ss@proxy.example.com',
  'http://user:1#ss@proxy.example.com',
  'http://user:1/ss@proxy.example.com',
  'http://user:%@proxy.example.com',
  'http://user:%ff@proxy.example.com',
  'http://us%3Aer:pw@proxy.example.com',
  'http://user:p%0Aw@proxy.example.com',
  'http://user:p w@proxy.example.com',
  'http://proxy.example.com\\@other.example.com',
  ' http://proxy.example.com',
  'http://proxy.exa\nmple.com',
  'http://a b.example.com',
  'socks5://proxy.example.com',
  'ftp://proxy.example.com',
])('the proxy %j is refused', (text) => {
  expect(parseProxyUrl(text)).toBeInstanceOf(Fault);
});

const addresses = (address: string, prefixLength: number) => ({
  kind: 'addresses',
  block: { address, prefixLength },
});

test.each([
  ['Example.com.', { kind: 'host', host: 'example.com', port: undefined }],
  ['example.com:8443', { kind: 'host', host: 'example.com', port: 8443 }],
  ['.Corp.example.com', { kind: 'suffix', suffix: '.corp.example.com', port: undefined }],
  ['.corp.example.com:80', { kind: 'suffix', suffix: '.corp.example.com', port: 80 }],
  ['10.0.0.0/8', { ...addresses('10.0.0.0', 8), port: undefined }],
  ['10.0.0.0/8:443', { ...addresses('10.0.0.0', 8), port: 443 }],
  ['192.0.2.1', { ...addresses('192.0.2.1', 32), port: undefined }],
  ['192.0.2.1:443', { ...addresses('192.0.2.1', 32), port: 443 }],
  ['::1', { ...addresses('::1', 128), port: undefined }],
  ['2001:db8::8443', { ...addresses('2001:db8::8443', 128), port: undefined }],
  ['[::1]', { ...addresses('::1', 128), port: undefined }],
  ['[::1]:8443', { ...addresses('::1', 128), port: 8443 }],
  ['FD00::/8', { ...addresses('fd00::', 8), port: undefined }],
  ['fd00::/8:443', { ...addresses('fd00::', 8), port: 443 }],
  ['[fd00::/8]:443', { ...addresses('fd00::', 8), port: 443 }],
  ['[fd00::]/8', { ...addresses('fd00::', 8), port: undefined }],
])('the no_proxy %s is read', (text, rule) => {
  expect(parseNoProxyRule(text)).toEqual(rule);
});

test('an https proxy is verified as an entry that says nothing', () => {
  const sslVerifyOf = (settings: string) =>
    readGood(`mcp_tls_sidecar: { upstream_proxy: "https://p.test", ${settings} }`).settings.upstreamProxy
      ?.sslVerify;
  expect(sslVerifyOf('')).toEqual({ kind: 'default' });
  expect(sslVerifyOf('ssl_verify: true')).toEqual({ kind: 'default' });
  expect(sslVerifyOf('ssl_verify: corp.pem')).toEqual({ kind: 'path', path: '/etc/sidecar/corp.pem' });
});

test('a proxy that the command line makes our own listener is refused', () => {
  const yaml = 'mcp_tls_sidecar: { upstream_proxy: "http://127.0.0.1:3128" }';
  expect(read(yaml).problems).toEqual([]);
  const { problems } = read(yaml, {}, { listen: { host: '::', port: 3128 } });
  expect(problems.map(({ message }) => message)).toContain("upstream_proxy is this sidecar's own address");
});
