import { renderHead } from './raw-headers.ts';

/**
 * The head of a request as it is written, in Latin-1. Its parts were read by a strict parser or are our own: they hold no
 * end of line.
 *
 * @param target path and query, or for an upstream proxy a URL
 * @param headers names and values in turn
 */
export function renderRequestHead(method: string, target: string, headers: readonly string[]): string {
  return renderHead(method + ' ' + target + ' HTTP/1.1', headers) + '\r\n';
}
