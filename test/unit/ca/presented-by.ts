import { execFile } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { TLSSocket, type SecureContext } from 'node:tls';
import { promisify } from 'node:util';
import type { CaFault } from '../../../src/ca/ca-fault.ts';
import { cleanUp } from '../../harness/clean-up.ts';

const run = promisify(execFile);

/** Answers every request on a free port with `hello`. */
export async function serveTls(context: SecureContext | CaFault): Promise<number> {
  if ('severity' in context) throw new Error(context.message);
  const server = createServer((raw) => {
    const socket = new TLSSocket(raw, { isServer: true, secureContext: context });
    socket.on('error', () => undefined);
    socket.once('data', () =>
      socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello'),
    );
  });
  cleanUp(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** What `openssl s_client` is shown, which looks at a chain of any date: PEM, leaf first. */
export async function presentedBy(context: SecureContext | CaFault): Promise<string> {
  const port = await serveTls(context);
  const args = ['s_client', '-showcerts', '-connect', `127.0.0.1:${port}`, '-servername', 'mcp.test'];
  const asked = run('openssl', args, { timeout: 20_000 });
  asked.child.stdin?.end();
  const { stdout } = await asked;
  const blocks = stdout.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g) ?? [];
  // s_client repeats the leaf at the end.
  return [...new Set(blocks)].join('');
}
