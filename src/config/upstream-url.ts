import { normaliseHost } from '../authority.ts';
import type { Upstream } from './config.ts';
import { Fault } from './fault.ts';

/** Reads the URL of a server; its query and fragment are dropped. Never says what the URL holds. */
export function parseUpstreamUrl(text: string): Upstream | Fault {
  const noUrl = new Fault('is no URL', 'write https://host/path');
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(text)) return noUrl;
  if (!/^https?:/i.test(text)) {
    return new Fault(
      'is neither https:// nor http://',
      'write https://host/path, or transport: stdio for a local command',
    );
  }
  const url = URL.parse(text);
  if (/^[a-z]+:\/\/[^/?#\\]*@/i.test(text) || (url !== null && url.username + url.password !== '')) {
    return new Fault(
      'has a user name or password in it',
      'remove what stands before the @ and give the credentials to the client, e.g. in static_headers',
    );
  }
  const host = normaliseHost(url?.hostname ?? '');
  if (url === null || host === undefined || url.port === '0') return noUrl;
  const protocol = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? (protocol === 'https' ? 443 : 80) : Number(url.port);
  return { protocol, authority: { host, port }, path: url.pathname };
}
