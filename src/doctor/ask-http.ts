import { Failure } from '../failure.ts';
import { version } from '../version.ts';
import { certificatePage } from './certificate-page.ts';
import type { Answer } from './evidence.ts';
import type { HttpSession } from './http-session.ts';

/** What every request says of itself. */
export const userAgent = `mcp-tls-sidecar-doctor/${version}`;

/** A GET without credentials: any status shows that TLS and HTTP work. */
export async function askHttp(session: HttpSession, target: string): Promise<Answer> {
  const headers = { accept: 'application/json, text/event-stream', 'user-agent': userAgent };
  const reply = await session.send({ method: 'GET', target, headers });
  if (reply instanceof Failure) return { kind: 'failed', failure: reply };
  const { status } = reply;
  const refused = await certificatePage(reply);
  if (refused !== undefined) return refused;
  // It may be a stream without end.
  reply.body.destroy();
  return { kind: 'answered', status, words: `GET answers ${status}${wordsOf(status)}` };
}

function wordsOf(status: number): string {
  if (status === 401) return ' (it wants a login: TLS and HTTP work)';
  return status >= 500 ? ' (the server is in trouble, TLS and HTTP work)' : '';
}
