import type { EverythingTransport } from '../harness/mcp-upstream.ts';
import type { Client } from './client.ts';
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

/** The same of OAuth. */
export function oauthTableOf(
  clients: readonly Client[],
  worked: readonly { readonly client: Client; readonly route: string }[],
): string {
  const cell = (client: Client, route: string) =>
    worked.some((one) => one.client === client && one.route === route) ? 'works' : 'was not run';
  return [
    '| OAuth client | CONNECT | base URL with `rewrite_oauth: true` |',
    '|---|---|---|',
    ...clients.map(
      (client) => `| ${client.name} | ${cell(client, 'CONNECT')} | ${cell(client, 'base URL')} |`,
    ),
  ].join('\n');
}

/** The table of a text that has the same head as the one given. */
export function tableOfDocs(text: string, table: string): string {
  const lines = text.split('\n');
  const start = lines.indexOf(table.split('\n', 1)[0] ?? '');
  const length = lines.slice(start).findIndex((line) => !line.startsWith('|'));
  return start === -1 ? '(there is none)' : lines.slice(start, start + length).join('\n');
}
