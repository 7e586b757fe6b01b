import { X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import type { Leaf } from '../../certs-fixtures/issue-leaf.ts';
import type { CleanUp } from './clean-up.ts';
import type { Report } from './report.ts';

/** What a run prints to and registers with. */
export interface Stage {
  readonly report: Report;
  readonly cleanUp: CleanUp;
}

/** The entry's name: metrics, logs and the base URL have it. */
export const server = 'dev';

/** The files of a run, all in one temporary directory. */
export interface Files {
  readonly leaf: Leaf;
  readonly config: string;
  /** The bundle that `ssl_verify` names; it is broken and mended by copying the other two over it. */
  readonly bundle: string;
  readonly goodCa: string;
  readonly otherCa: string;
  /** What the sidecar writes for clients of the CONNECT route. */
  readonly clientBundle: string;
}

export function makeFiles(cleanUp: CleanUp): Files {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-demo-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', remove);
  cleanUp.add((report) => {
    remove();
    const gone = !existsSync(directory);
    const what = `temporary files ${gone ? 'removed' : 'left behind'}: ${directory}`;
    report.observe({ worked: gone, what, claim: 'nothing is left behind', asClaimed: gone });
  });
  const at = (name: string) => join(directory, name);
  const ca = createCa({ name: 'Demo Corp Root CA' });
  writeFileSync(at('corp-ca.pem'), ca.pem);
  writeFileSync(at('other-ca.pem'), createCa({ name: 'Some Other CA' }).pem);
  writeFileSync(at('ca.pem'), ca.pem);
  return {
    leaf: ca.issue(['localhost', '127.0.0.1'], { authorityKeyIdentifier: false }),
    config: at('config.yaml'),
    bundle: at('ca.pem'),
    goodCa: at('corp-ca.pem'),
    otherCa: at('other-ca.pem'),
    clientBundle: at('mcp-tls-sidecar-ca/ca-bundle.pem'),
  };
}

export const readCertificate = (file: string): X509Certificate => new X509Certificate(readFileSync(file));
export const nameOf = ({ subject }: X509Certificate): string => /CN=(.*)/.exec(subject)?.[1] ?? subject;
