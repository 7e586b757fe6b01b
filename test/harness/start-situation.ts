import type { Socket } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Peer, Setup, TlsServer } from '../../certs-fixtures/situation.ts';
import type { Listening } from './listen.ts';
import { startRawTcp } from './raw-upstream.ts';
import { contextOf, startUpstream, type RecordedRequest } from './tls-upstream.ts';

export interface SituationServer extends Listening {
  /** What got through to it; stays empty for what speaks no TLS. */
  readonly requests: readonly RecordedRequest[];
}

/** Starts the server of a situation on a free port of 127.0.0.1. */
export async function startSituation({ host, server }: Setup): Promise<SituationServer> {
  if (typeof server !== 'string') return startTls(host, server);
  return Object.assign(await startRawTcp(answerAs(server)), { requests: [] });
}

function startTls(host: string, { leaf, otherwise, tls }: TlsServer): Promise<SituationServer> {
  if (otherwise === undefined) return startUpstream({ leaf, ...(tls && { tls }) });
  const contexts = new Map([[host, createSecureContext(contextOf(tls, leaf))]]);
  return startUpstream({
    leaf: otherwise,
    tls: { ...tls, SNICallback: (name, callback) => callback(null, contexts.get(name)) },
  });
}

/** ServerHello as it came before servers knew of later versions, with AES128-SHA. */
const oldServerHello = (version: string) =>
  Buffer.from(`16${version}002a02000026${version}${'5a'.repeat(32)}00002f00`, 'hex');

const answers: Readonly<Record<Peer, (socket: Socket) => unknown>> = {
  plaintext: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'),
  reset: (socket) => socket.resetAndDestroy(),
  fin: (socket) => socket.end(),
  stall: () => undefined,
  'TLS 1.0': (socket) => socket.end(oldServerHello('0301')),
  'TLS 1.1': (socket) => socket.end(oldServerHello('0302')),
};

function answerAs(peer: Peer): (socket: Socket) => unknown {
  // After the ClientHello has come: a connection that ends before is another matter.
  return (socket) => socket.resume().once('data', () => answers[peer](socket));
}
