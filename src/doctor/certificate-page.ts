import { readText } from './event-stream.ts';
import type { Answer } from './evidence.ts';
import type { Reply } from './http-session.ts';

/**
 * nginx takes the handshake of a client without a certificate, or with a wrong one, and refuses the request with a
 * page of its own (ngx_http_special_response.c).
 *
 * @returns undefined for all other answers, whose body is not touched unless the status is 400
 */
export async function certificatePage({ status, body }: Reply): Promise<Answer | undefined> {
  if (status !== 400) return undefined;
  const text = await readText(body).catch(() => '');
  if (!/No required SSL certificate was sent|The SSL certificate error/.test(text)) return undefined;
  return {
    kind: 'unfit',
    words: 'answered by 400: the server wants a client certificate',
    wantsClientCertificate: true,
  };
}
