import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { initialize } from '../../examples/demo/strict-python.ts';
import type { EverythingTransport } from '../harness/mcp-upstream.ts';
import { node24, toolMissing } from '../harness/require-tool.ts';
import type { InstalledClients } from './install-clients.ts';

/** What is asked of a client: `url` is all that it is told of the server. */
export interface Errand {
  readonly installed: InstalledClients;
  readonly transport: EverythingTransport;
  readonly url: string;
}

/** A client as its users have it: it knows of the sidecar by its URL and its environment alone. */
export interface Client {
  /** As the table of docs/clients.md has it. */
  readonly name: string;
  readonly transports: readonly EverythingTransport[];
  /** The variable that names the CA file. */
  readonly trust: string;
  /** The variable that names the proxy for `http://` URLs. */
  readonly httpProxy: 'HTTP_PROXY' | 'http_proxy';
  /** It sends `CONNECT host:80` and then plaintext for `http://` URLs, as undici 7 does, and not the absolute form. */
  readonly plaintextInConnect: boolean;
  /** What a proxied client needs beside these variables; as the table has it. */
  readonly beside: string;
  readonly env?: Readonly<Record<string, string>>;
  /** What it says once it has done its errand. */
  readonly says: string;
  /** What it takes is not here. */
  readonly missing: boolean;
  readonly command: (errand: Errand) => readonly string[];
}

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

const plain = { missing: false, plaintextInConnect: false } as const;
const post = { ...plain, transports: ['streamableHttp'], says: 'mcp-servers/everything' } as const;
const mcp = { ...plain, transports: ['streamableHttp', 'sse'], says: 'The sum of 2 and 3 is 5.' } as const;
const inPython = { trust: 'SSL_CERT_FILE', httpProxy: 'HTTP_PROXY', beside: '' } as const;
const inNode = {
  trust: 'NODE_EXTRA_CA_CERTS',
  httpProxy: 'HTTP_PROXY',
  beside: '`NODE_USE_ENV_PROXY=1`',
  env: { NODE_USE_ENV_PROXY: '1' },
} as const;

/** The name by which the CLIs and the Python SDK know a transport. */
const short = (transport: EverythingTransport): string => (transport === 'sse' ? 'sse' : 'http');

const requirement = (file: string, name: string): string =>
  new RegExp(`^${name}==(\\S+)$`, 'm').exec(readFileSync(pathOf(`python/${file}`), 'utf8'))?.[1] ?? '?';

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

function pythonSdk(line: 1 | 2): Client {
  return {
    ...mcp,
    ...inPython,
    name: `MCP Python SDK ${requirement(`mcp-${line}.txt`, 'mcp')}`,
    command: ({ installed, transport, url }) => [
      installed.python[`mcp${line}`],
      pathOf('python/mcp_client.py'),
      short(transport),
      url,
    ],
  };
}

function pythonLibrary(library: 'requests' | 'aiohttp', own: Pick<Client, 'trust' | 'beside'>): Client {
  return {
    ...post,
    ...inPython,
    ...own,
    name: `Python: ${library} ${requirement('http.txt', library)}`,
    command: ({ installed, url }) => [
      installed.python.http,
      pathOf('python/http_client.py'),
      library,
      url,
      initialize,
    ],
  };
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

const curl: Client = {
  ...post,
  name: 'curl',
  trust: 'CURL_CA_BUNDLE',
  // In upper case CGI programs would take it from a request.
  httpProxy: 'http_proxy',
  beside: '',
  missing: toolMissing('curl'),
  command: ({ url }) => [
    ...['curl', '-sS', '--max-time', '10', '-H', 'Content-Type: application/json'],
    ...['-H', 'Accept: application/json, text/event-stream', '-d', initialize, url],
  ],
};

const go: Client = {
  ...post,
  name: 'Go: net/http',
  trust: 'SSL_CERT_FILE',
  httpProxy: 'HTTP_PROXY',
  beside: '',
  command: ({ installed, url }) => [installed.go, url, initialize],
};

/** All that the table of docs/clients.md tells of. */
export const clients: readonly Client[] = [
  pythonSdk(1),
  pythonSdk(2),
  pythonLibrary('requests', { trust: 'REQUESTS_CA_BUNDLE', beside: '' }),
  pythonLibrary('aiohttp', { trust: 'SSL_CERT_FILE', beside: '`trust_env=True` in its code' }),
  ...onNode(24),
  ...onNode(26),
  mcpRemote,
  inspector,
  curl,
  go,
];
