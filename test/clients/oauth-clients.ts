import { join } from 'node:path';
import { pathOf, type Client } from './client.ts';
import { clients } from './clients.ts';

/** The same client, on an errand of its own: to be authorized, and to call what is protected. */
function authorized(name: RegExp, command: Client['command'], env?: Client['env']): Client {
  const client = clients.find((candidate) => name.test(candidate.name));
  if (client === undefined) throw new Error(`no client is called ${name.source}`);
  return {
    ...client,
    transports: ['streamableHttp'],
    says: 'for your eyes only',
    command,
    env: { ...client.env, ...env },
  };
}

const python = (line: 1 | 2): Client =>
  authorized(new RegExp(`^MCP Python SDK ${line}\\.`), ({ installed, url }) => [
    installed.python[`mcp${line}`],
    pathOf('python/oauth_client.py'),
    url,
  ]);

const typescript = (line: 1 | 2, child: string): Client =>
  authorized(new RegExp(`^MCP TypeScript SDK ${line}\\..* 26$`), ({ url }) => [
    process.execPath,
    pathOf(child),
    url,
  ]);

const mcpRemote = authorized(
  /^mcp-remote/,
  ({ installed, url }) => [
    ...[process.execPath, pathOf('stdio-client.ts'), 'secret', '{}'],
    ...[process.execPath, join(installed.nodeModules, 'mcp-remote/dist/proxy.js'), url],
    ...['--transport', 'http-only', '--enable-proxy'],
  ],
  { BROWSER: pathOf('browser.ts') },
);

/** Those that do the whole of OAuth by themselves: discovery, registration, authorization, token. */
export const oauthClients: readonly Client[] = [
  python(1),
  python(2),
  typescript(1, '../integration/clients/oauth-child.ts'),
  typescript(2, 'oauth-client-v2.ts'),
  mcpRemote,
];
