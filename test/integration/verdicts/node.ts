import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { askEach, patienceSeconds, type Client, type Said, type Subject } from './subject.ts';

/** `tls.connect` with `ca`, and all else as Node has it. */
export function node(): Client {
  const { node: version, openssl } = process.versions;
  return {
    version: `${version} (OpenSSL ${openssl})`,
    judge: (subjects) => askEach(subjects, dial),
  };
}

function dial({ situation, port, files }: Subject): Promise<Said> {
  const { host, bundle, client } = situation.setUp();
  return new Promise((resolve) => {
    const socket = connect({
      host: '127.0.0.1',
      port,
      ca: bundle,
      servername: isIP(host) === 0 ? host : '',
      ...(client && files.client && { cert: client.chain, key: readFileSync(files.client.key) }),
    });
    const end = (accepts: boolean, words: string) => {
      socket.destroy();
      resolve({ accepts, words });
    };
    socket.setTimeout(patienceSeconds * 1_000, () => end(false, 'nothing came'));
    // Over TLS 1.3 a server refuses the client after the handshake.
    socket.once('secureConnect', () => socket.write('GET / HTTP/1.1\r\nHost: mcp.test\r\n\r\n'));
    socket.once('data', () => end(true, ''));
    socket.once('error', (error: Error & { code?: string }) => end(false, error.code ?? error.message));
    socket.once('close', () => end(false, 'closed'));
  });
}
