import { execFile } from 'node:child_process';
import { X509Certificate, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import path from 'node:path';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { generateKeyPair } from '../../../certs-fixtures/key-pairs.ts';
import type { CaFault } from '../../../src/ca/ca-fault.ts';
import { LocalCa, type CaInput } from '../../../src/ca/local-ca.ts';
import type { CaSettings, PermittedDomain } from '../../../src/config/config.ts';
import { createBundle, type Bundle } from '../../../src/trust/bundle.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';

export const dayMs = 86_400_000;

/** What default trust is here. */
export const corporate: Bundle = createBundle('a test', [new X509Certificate(createCa().pem)]);

/** Settings with a state and a public directory of their own, neither of them there yet. */
export function caSettings(wanted: Partial<CaSettings> = {}): CaSettings {
  const home = temporaryDirectory();
  return {
    directory: path.join(home, 'public'),
    stateDirectory: path.join(home, 'state', 'mcp-tls-sidecar'),
    brought: undefined,
    permittedDomains: [],
    position: { line: 1, column: 1 },
    ...wanted,
  };
}

/** What a load hands to the CA where nothing is wrong. */
export function caInput(settings: CaSettings, wanted: Partial<CaInput> = {}): CaInput {
  return { settings, brought: undefined, defaultTrust: corporate, faults: [], ...wanted };
}

/** A CA that was refreshed once, and what it told besides. */
export async function startCa(settings: CaSettings, options: { now?: () => number } = {}) {
  const told: CaFault[] = [];
  const ca = new LocalCa(settings, { ...options, onFault: (fault) => told.push(fault) });
  await ca.refresh(caInput(settings));
  return { ca, told };
}

/** The paths of what is written. */
export function filesOf({ directory, stateDirectory = '' }: CaSettings) {
  return {
    caFile: path.join(directory, 'ca.pem'),
    bundleFile: path.join(directory, 'ca-bundle.pem'),
    stateDirectory: path.join(stateDirectory, 'ca'),
    stateFile: path.join(stateDirectory, 'ca', 'ca.pem'),
  };
}

/** The name or block of addresses as `permitted_domains` has it after reading. */
export function permit(text: string): PermittedDomain {
  const [address = '', length] = text.split('/');
  const family = isIP(address);
  if (family === 0) return { kind: 'name', name: text };
  const prefixLength = length === undefined ? (family === 4 ? 32 : 128) : Number(length);
  return { kind: 'addresses', block: { address, prefixLength } };
}

/** The certificates of a PEM file, in order. */
export const certificatesIn = (file: string): X509Certificate[] =>
  readFileSync(file, 'utf8')
    .split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter((block) => block.includes('BEGIN CERTIFICATE'))
    .map((block) => new X509Certificate(block));

let keys: { publicKey: KeyObject } | undefined;

/** One key for the leaves that tests sign themselves. */
export const leafKey = (): KeyObject => (keys ??= generateKeyPair()).publicKey;

/** What `openssl verify -x509_strict` says of a chain whose leaf comes first: `OK` or its errors. */
export function opensslVerify(
  anchors: string,
  chain: string,
  { host, atMs = Date.now() }: { host?: string; atMs?: number } = {},
): Promise<string> {
  const directory = path.join(temporaryDirectory(), 'verify');
  mkdirSync(directory);
  const write = (name: string, text: string) => {
    writeFileSync(path.join(directory, name), text);
    return path.join(directory, name);
  };
  const identity = host === undefined ? [] : [isIP(host) === 0 ? '-verify_hostname' : '-verify_ip', host];
  const files = ['-CAfile', write('ca.pem', anchors), '-untrusted', write('chain.pem', chain)];
  const time = ['-attime', String(Math.floor(atMs / 1000))];
  const args = [
    'verify',
    '-x509_strict',
    '-purpose',
    'sslserver',
    '-no-CApath',
    ...time,
    ...identity,
    ...files,
  ];
  return new Promise((resolve) => {
    execFile(
      'openssl',
      [...args, write('leaf.pem', chain)],
      { timeout: 20_000 },
      (error, _stdout, stderr) => {
        resolve(error === null ? 'OK' : stderr);
      },
    );
  });
}
