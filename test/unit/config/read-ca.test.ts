import { expect, test } from 'vitest';
import type { CaSettings } from '../../../src/config/config.ts';
import { readConfig } from '../../../src/config/read-config.ts';
import { read, readGood } from './read.ts';

function readCa(ca: string, env: NodeJS.ProcessEnv = {}): CaSettings {
  return readGood(`mcp_tls_sidecar:\n  ca: ${ca}`, env).settings.ca;
}

test('relative paths of the CA start at the working directory, not at the folder of the file', () => {
  expect(
    readCa('{ directory: public, state_directory: ../state, certificate: ./ca.pem, key: /ca.key }'),
  ).toEqual({
    directory: '/srv/sidecar/public',
    stateDirectory: '/srv/state',
    brought: { certificate: '/srv/sidecar/ca.pem', key: '/ca.key' },
    permittedDomains: [],
    position: { line: 2, column: 3 },
  });
  expect(readCa('{ key: os.environ/KEY, certificate: ca.pem }', { KEY: 'k' }).brought).toEqual({
    certificate: '/srv/sidecar/ca.pem',
    key: '/srv/sidecar/k',
  });
});

test('the working directory is that of the process if nothing else is said', () => {
  const { config } = readConfig({ file: '/etc/c.yaml', bytes: Buffer.from('{}'), env: {} });
  expect(config?.settings.ca.directory).toBe(`${process.cwd()}/mcp-tls-sidecar-ca`);
});

test.each<[string, NodeJS.ProcessEnv, string | undefined]>([
  ['nothing', {}, undefined],
  ['HOME', { HOME: '/home/a' }, '/home/a/.local/state/mcp-tls-sidecar'],
  ['XDG_STATE_HOME', { HOME: '/home/a', XDG_STATE_HOME: '/x' }, '/x/mcp-tls-sidecar'],
  ['STATE_DIRECTORY', { HOME: '/home/a', XDG_STATE_HOME: '/x', STATE_DIRECTORY: '/var/lib/s' }, '/var/lib/s'],
  ['the first STATE_DIRECTORY', { STATE_DIRECTORY: '/var/lib/s:/var/lib/t' }, '/var/lib/s'],
  [
    'no relative path',
    { HOME: '/home/a', XDG_STATE_HOME: 'x', STATE_DIRECTORY: 's' },
    '/home/a/.local/state/mcp-tls-sidecar',
  ],
  ['no empty path', { HOME: '', XDG_STATE_HOME: '', STATE_DIRECTORY: '' }, undefined],
])('without state_directory the key is kept where the environment says: %s', (_, env, expected) => {
  expect(readCa('{ state_directory: null }', env).stateDirectory).toBe(expected);
  expect(readCa('{ state_directory: /s }', env).stateDirectory).toBe('/s');
});

test('permitted domains are read in their one normal form', () => {
  const { permittedDomains } = readCa(
    '{ permitted_domains: [Corp.Example.COM., büro.example, "10.1", 10.0.0.0/8, "2001:DB8:0::/32", "[::1]", 0.0.0.0/0] }',
  );
  const addresses = (address: string, prefixLength: number) => ({
    kind: 'addresses',
    block: { address, prefixLength },
  });
  expect(permittedDomains).toEqual([
    { kind: 'name', name: 'corp.example.com' },
    { kind: 'name', name: 'xn--bro-hoa.example' },
    addresses('10.0.0.1', 32),
    addresses('10.0.0.0', 8),
    addresses('2001:db8::', 32),
    addresses('::1', 128),
    addresses('0.0.0.0', 0),
  ]);
});

test('permitted domains beside a CA that is brought do nothing, which is said', () => {
  const { problems } = read(
    'mcp_tls_sidecar: { ca: { certificate: a, key: b, permitted_domains: [example.com] } }',
  );
  expect(problems).toMatchObject([
    {
      severity: 'warning',
      message: 'ca.permitted_domains does not constrain the CA that ca.certificate brings',
    },
  ]);
});

test('a variable that is not set does not make half a CA of a whole one', () => {
  const { problems } = read('mcp_tls_sidecar: { ca: { certificate: os.environ/NOT_SET, key: b } }');
  expect(problems.map(({ message }) => message)).toEqual([
    'environment variable NOT_SET, which certificate names, is not set',
  ]);
});
