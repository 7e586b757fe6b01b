import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import type { LeafOptions } from '../../../certs-fixtures/issue-leaf.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';

/** Running servers, one for each matter of certificates, and how a sidecar is told of them. */
export interface CertificateMatters {
  readonly servers: Readonly<Record<string, object>>;
  /** Has two of them show certificates that are good for so long; after that they have lapsed. */
  readonly lapseIn: (ms: number) => void;
  /** Spoils the CA file of the entry `stale`. */
  readonly spoil: () => void;
}

const ca = createCa();
const until = (ms: number): LeafOptions => ({ notAfter: new Date(Date.now() + ms) });
const inDays = (days: number): LeafOptions => until(days * 86_400_000);

/** Starts them. They are closed after the test. */
export async function startCertificateMatters(): Promise<CertificateMatters> {
  const lapsed = await startServer('lapsed.test');
  const lapsedInUse = await startServer('lapsed-in-use.test');
  const stale = join(temporaryDirectory(), 'stale.pem');
  writeFileSync(stale, ca.pem);
  const oldRoot = createCa(inDays(10));
  const exception = { insecure_until: inDays(3).notAfter?.toISOString(), insecure_reason: 'INFRA-123' };
  const servers = {
    fine: entry('fine.test', await startServer('fine.test')),
    soon: entry('soon.test', await startServer('soon.test', inDays(10))),
    nearly: entry('nearly.test', await startServer('nearly.test', inDays(2))),
    lapsed: entry('lapsed.test', lapsed),
    'lapsed-in-use': entry('lapsed-in-use.test', lapsedInUse),
    'old-anchor': {
      ...entry('old-anchor.test', await startServer('old-anchor.test')),
      ssl_verify: ca.pem + createCa(inDays(10)).pem,
    },
    'old-root': {
      ...entry('old-root.test', await startUpstream({ leaf: oldRoot.issue('old-root.test') })),
      ssl_verify: oldRoot.pem,
    },
    flawed: entry('flawed.test', await startServer('flawed.test', { authorityKeyIdentifier: false })),
    loose: { ...entry('loose.test', await startServer('loose.test')), ssl_verify: false },
    exception: {
      ...entry('exception.test', await startServer('exception.test')),
      ssl_verify: false,
      tls: exception,
    },
    stale: { ...entry('stale.test', await startServer('stale.test')), ssl_verify: stale },
    broken: { url: 'https://broken.test/mcp', ssl_verify: `${stale}.missing` },
  };
  return {
    servers,
    lapseIn: (ms) => {
      lapsed.swapCertificate(ca.issue('lapsed.test', until(ms)));
      lapsedInUse.swapCertificate(ca.issue('lapsed-in-use.test', until(ms)));
    },
    spoil: () => writeFileSync(stale, 'no certificate any more'),
  };
}

/** The settings of a local CA that has some days left. */
export function localCaFor(days: number): object {
  const { pem, key } = createCa(inDays(days));
  const directory = temporaryDirectory();
  const files = { certificate: join(directory, 'ca.pem'), key: join(directory, 'ca.key') };
  writeFileSync(files.certificate, pem);
  writeFileSync(files.key, key, { mode: 0o600 });
  return files;
}

function entry(host: string, { port }: Upstream): object {
  return { url: `https://${host}:${port}/mcp`, ssl_verify: ca.pem };
}

/** Every call is a connection of its own, so that none goes by a certificate of before. */
function startServer(name: string, options: LeafOptions = {}): Promise<Upstream> {
  return startUpstream({
    leaf: ca.issue(name, options),
    handler: (request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
      request.resume().on('end', () => response.end('{"jsonrpc":"2.0","id":1,"result":{}}'));
    },
  });
}
