import type { EverythingTransport } from '../harness/mcp-upstream.ts';
import type { Client } from './clients.ts';
import { ways, type Way } from './ways.ts';

/** A client that did its errand on a route. */
export interface Works {
  readonly client: Client;
  readonly way: Way;
  readonly transport: EverythingTransport;
}

const head = [
  '| client | base URL | absolute form | CONNECT | variable for `ca-bundle.pem` (CONNECT) | a proxy needs beside |',
  '|---|---|---|---|---|---|',
];
const transportNames: Record<EverythingTransport, string> = { streamableHttp: 'streamable HTTP', sse: 'SSE' };

/** The table of docs/clients.md, as it follows from what ran. */
export function tableOf(clients: readonly Client[], worked: readonly Works[]): string {
  const rows = clients.map((client) => {
    const cells = ways.map((way) => {
      const ran = client.transports.filter((transport) =>
        worked.some(
          (one) => one.client === client && one.way.name === way.name && one.transport === transport,
        ),
      );
      if (ran.length === 0) return 'was not run';
      const how = way.name === 'absolute form' && client.plaintextInConnect ? ' by `CONNECT host:80`' : '';
      // A plain HTTP client knows of no transports: it sent one POST.
      return client.transports.length === 1
        ? `works${how}`
        : `works${how}: ${ran.map((transport) => transportNames[transport]).join(', ')}`;
    });
    const proxy = client.httpProxy === 'HTTP_PROXY' ? '' : `\`${client.httpProxy}\` in lower case`;
    const beside = [client.beside, proxy].filter((text) => text !== '').join('; ');
    return `| ${[client.name, ...cells, `\`${client.trust}\``, beside].join(' | ')} |`.replaceAll(
      '  |',
      ' |',
    );
  });
  return [...head, ...rows].join('\n');
}

/** The one in its text: all lines from its head on. */
export function tableOfDocs(text: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(head[0] ?? '');
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return start === -1 ? '(there is none)' : lines.slice(start, start + length).join('\n');
}
