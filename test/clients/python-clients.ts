import { readFileSync } from 'node:fs';
import { initialize } from '../../examples/demo/strict-python.ts';
import { mcp, pathOf, post, short, type Client } from './client.ts';

const inPython = { trust: 'SSL_CERT_FILE', httpProxy: 'HTTP_PROXY', beside: '' } as const;
const requirement = (file: string, name: string): string =>
  new RegExp(`^${name}==(\\S+)$`, 'm').exec(readFileSync(pathOf(`python/${file}`), 'utf8'))?.[1] ?? '?';

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

/** Two lines of the SDK, and what else there is in Python's world. */
export const pythonClients: readonly Client[] = [
  pythonSdk(1),
  pythonSdk(2),
  pythonLibrary('requests', { trust: 'REQUESTS_CA_BUNDLE', beside: '' }),
  pythonLibrary('aiohttp', { trust: 'SSL_CERT_FILE', beside: '`trust_env=True` in its code' }),
];
