import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { initialize } from '../../examples/demo/strict-python.ts';
import { node24 } from '../harness/require-tool.ts';
import { mcp, pathOf, post, short, type Client } from './client.ts';

const inNode = {
  trust: 'NODE_EXTRA_CA_CERTS',
  httpProxy: 'HTTP_PROXY',
  beside: '`NODE_USE_ENV_PROXY=1`',
  env: { NODE_USE_ENV_PROXY: '1' },
} as const;

const npmClients = (
  JSON.parse(readFileSync(pathOf('node/package.json'), 'utf8')) as { dependencies: Record<string, string> }
).dependencies;

const sdkVersion = (name: string): string => {
  const file = pathOf(`../../node_modules/@modelcontextprotocol/${name}/package.json`);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};

/** POSTs `initialize`, as JavaScript that needs nothing but Node. */
const fetchOnce = `
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const response = await fetch(process.argv[1], { method: 'POST', headers, body: process.argv[2] });
console.log(await response.text());
`;

function onNode(line: 24 | 26): readonly Client[] {
  const path = line === 26 ? process.execPath : node24();
  const node = { ...inNode, missing: path === undefined, plaintextInConnect: line === 24 };
  const sdk = (name: string, version: string): Client => ({
    ...mcp,
    ...node,
    name: `MCP TypeScript SDK ${version}, Node ${line}`,
    command: ({ transport, url }) => [path ?? '', pathOf('sdk-client.ts'), name, transport, url],
  });
  return [
    sdk('SDK v1', sdkVersion('sdk')),
    sdk('SDK v2', sdkVersion('client')),
    {
      ...post,
      ...node,
      name: `\`fetch\`, Node ${line}`,
      command: ({ url }) => [path ?? '', '--input-type=module', '-e', fetchOnce, url, initialize],
    },
  ];
}

const inspector: Client = {
  ...mcp,
  ...inNode,
  name: `MCP Inspector ${npmClients['@modelcontextprotocol/inspector']}, \`--cli\``,
  command: ({ installed, transport, url }) => [
    process.execPath,
    join(installed.nodeModules, '@modelcontextprotocol/inspector/clients/launcher/build/index.js'),
    ...['--cli', url, '--transport', short(transport), '--method', 'tools/call'],
    ...['--tool-name', 'get-sum', '--tool-arg', 'a=2', 'b=3'],
  ],
};

const mcpRemote: Client = {
  ...mcp,
  ...inNode,
  name: `mcp-remote ${npmClients['mcp-remote']}`,
  beside: '`--enable-proxy`, and `--allow-http` for `http://`',
  env: {},
  // It brings undici 7 with it, whatever Node it runs on.
  plaintextInConnect: true,
  command: ({ installed, transport, url }) => [
    ...[process.execPath, pathOf('stdio-client.ts'), 'get-sum', '{"a":2,"b":3}'],
    ...[process.execPath, join(installed.nodeModules, 'mcp-remote/dist/proxy.js'), url],
    ...['--transport', `${short(transport)}-only`, '--enable-proxy', '--allow-http'],
  ],
};

/** Two lines of the SDK on two lines of Node, and the commands that are built on them. */
export const nodeClients: readonly Client[] = [...onNode(24), ...onNode(26), mcpRemote, inspector];
