import type { TLSSocket } from 'node:tls';
import { type Listening } from '../../harness/listen.ts';
import { startRawUpstream } from '../../harness/raw-upstream.ts';
import { leaf } from './relay-setup.ts';

/** A request as it stood on the wire; its body is not read apart. */
export interface ScriptedRequest {
  /** `POST /path`. */
  readonly line: string;
  readonly path: string;
  /** 1 for the first that was made. */
  readonly connection: number;
  readonly socket: TLSSocket;
}

/** A server that says, byte by byte, what a test wants it to. */
export interface ScriptedUpstream {
  readonly upstream: Listening;
  readonly sockets: readonly TLSSocket[];
  readonly requests: readonly ScriptedRequest[];
  /** All that came on each connection, in Latin-1. A test may empty it. */
  readonly received: readonly { text: string }[];
}

/** @param onRequest told of each head that has come: bodies must hold no empty line */
export async function startScripted(
  onRequest: (request: ScriptedRequest) => unknown,
  onConnection: (socket: TLSSocket) => unknown = () => undefined,
): Promise<ScriptedUpstream> {
  const sockets: TLSSocket[] = [];
  const requests: ScriptedRequest[] = [];
  const received: { text: string }[] = [];
  const upstream = await startRawUpstream({
    leaf,
    onConnection: (socket) => {
      const connection = sockets.push(socket);
      const all = { text: '' };
      received.push(all);
      onConnection(socket);
      let rest = '';
      socket.on('data', (chunk) => {
        const text = chunk.toString('latin1');
        all.text += text;
        rest += text;
        for (let end = rest.indexOf('\r\n\r\n'); end >= 0; end = rest.indexOf('\r\n\r\n')) {
          const [line = '', path = ''] = /[A-Z]+ ([^ ]+)(?= HTTP\/1\.1\r\n)/.exec(rest.slice(0, end)) ?? [];
          rest = rest.slice(end + 4);
          if (line === '') continue;
          const request = { line, path, connection, socket };
          requests.push(request);
          onRequest(request);
        }
      });
    },
  });
  return { upstream, sockets, requests, received };
}

/** A response with a text. */
export function answerOf(text: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\n${fields}Content-Length: ${text.length}\r\n\r\n${text}`;
}
