import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createTlsFront, spawnReferenceServer } from '../reference-server.ts';
import { nameOf, readCertificate, type Files, type Stage } from '../stage.ts';

export async function startServer({ report, cleanUp }: Stage, { leaf, goodCa }: Files): Promise<string> {
  report.step('Start a real MCP server behind a private CA');
  const { child, ready } = spawnReferenceServer(['streamableHttp']);
  const exited = once(child, 'exit');
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  cleanUp.add(() => {
    kill();
    return exited;
  });
  const ports = await ready;
  const front = createTlsFront(leaf, ports.get('streamableHttp') ?? 0);
  const sockets = new Set<Socket>();
  front.on('connection', (socket: Socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  cleanUp.add(() => {
    front.close();
    for (const socket of sockets) socket.destroy();
  });
  const url = `https://localhost:${(front.address() as AddressInfo).port}/mcp`;
  const [certificate, issuer] = [new X509Certificate(leaf.certificate), readCertificate(goodCa)];
  // 2.5.29.35 as DER (RFC 5280, 4.2.1.1).
  const hasIdentifier = certificate.raw.includes(Buffer.from('0603551d23', 'hex'));
  report.observe({
    worked: true,
    what: `server-everything listens on ${url}`,
    claim: 'its certificate is issued by the private CA and has no Authority Key Identifier',
    asClaimed: certificate.verify(issuer.publicKey) && !hasIdentifier,
  });
  const identifier = `${hasIdentifier ? 'an' : 'no'} Authority Key Identifier`;
  report.note(`certificate: ${nameOf(certificate)}, issued by "${nameOf(issuer)}", ${identifier}`);
  return url;
}
