import { normaliseHost } from '../authority.ts';
import type { UpstreamProxySettings } from './config.ts';
import { Fault } from './fault.ts';

/** What the URL of a proxy says. */
export type ProxyUrl = Pick<UpstreamProxySettings, 'protocol' | 'authority' | 'authorization'>;

/** Reads `upstream_proxy`. Never says what the URL holds: it may have credentials. */
export function parseProxyUrl(text: string): ProxyUrl | Fault {
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) && !/^https?:/i.test(text)) {
    return new Fault(
      'is neither http:// nor https://',
      'name an HTTP proxy, http://proxy.example.com:3128; SOCKS is not spoken',
    );
  }
  if (/^[^?#]*[?#]/.test(text)) return tooMuch();
  const url =
    /^https?:\/\/[^/\s\p{Cc}\\]+\/?/iu.test(text) && !/[\s\p{Cc}\\]/u.test(text) ? URL.parse(text) : null;
  const host = normaliseHost(url?.hostname ?? '');
  if (url === null || host === undefined || url.port === '0') {
    return new Fault(
      'is no URL of a proxy',
      'write http://proxy.example.com:3128; in a user name or password write % as %25, / as %2F, @ as %40, : as %3A',
    );
  }
  if (url.pathname !== '/') return tooMuch();
  const authorization = basicCredentials(url.username, url.password);
  if (authorization instanceof Fault) return authorization;
  const protocol = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port === '' ? (protocol === 'https' ? 443 : 80) : Number(url.port);
  return { protocol, authority: { host, port }, authorization };
}

function tooMuch(): Fault {
  return new Fault(
    'has a path, a query or a fragment',
    'write http://proxy.example.com:3128 alone; in a user name or password write / as %2F, ? as %3F and # as %23',
  );
}

/** Basic credentials (RFC 7617), in UTF-8. */
function basicCredentials(username: string, password: string): string | undefined | Fault {
  if (username + password === '') return undefined;
  const user = decode(username);
  const secret = decode(password);
  if (user === undefined || secret === undefined) {
    return new Fault('has a % in its user name or password that begins no escape', 'write % as %25');
  }
  if (user.includes(':') || /\p{Cc}/u.test(user + secret)) {
    return new Fault(
      'has a user name or password that cannot be sent: a colon in the name, or a control character',
      'ask for other credentials: the Basic scheme has no way to carry these',
    );
  }
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
