import { initialize } from '../../examples/demo/strict-python.ts';
import { toolMissing } from '../harness/require-tool.ts';
import { post, type Client } from './client.ts';
import { nodeClients } from './node-clients.ts';
import { pythonClients } from './python-clients.ts';

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
export const clients: readonly Client[] = [...pythonClients, ...nodeClients, curl, go];
