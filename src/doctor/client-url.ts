import { formatHost } from '../authority.ts';
import { newName } from './remedy.ts';
import type { Subject } from './evidence.ts';

/** What a client writes in place of the server's URL to go through the sidecar. */
export function clientUrl(subject: Subject): string {
  const { entry, path, listen } = subject;
  const { host, port } = listen;
  const at = `http://${formatHost(host)}:${port}`;
  if (entry?.kind === 'host') return `${at} as HTTPS_PROXY, with ca-bundle.pem as SSL_CERT_FILE`;
  return `${at}/${entry?.name ?? newName(subject)}${path === '/' ? '' : path}`;
}
