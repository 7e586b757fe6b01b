import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { FetchLike } from '@modelcontextprotocol/sdk/shared/transport.js';
import { Agent, fetch } from 'undici';
import { expect, it } from 'vitest';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { cleanUp } from '../harness/clean-up.ts';
import { startEverything, startEverythingBoth } from '../harness/mcp-upstream.ts';
import { parseResponses } from '../harness/parse-responses.ts';
import { sendRaw } from '../harness/raw-http.ts';

const root = createCa();
const leaf = root.issue('mcp.test');
const tls = { ca: root.pem, servername: 'mcp.test' };

it('serves MCP over TLS with both transports', async () => {
  const servers = await startEverythingBoth(leaf);
  const dispatcher = new Agent({ connect: tls });
  cleanUp(() => dispatcher.destroy());
  // undici's Response is not Node's class, only its equal.
  const trusting = ((url: string, init: object) =>
    fetch(url, { ...init, dispatcher })) as unknown as FetchLike;
  const urlOf = ({ port, path }: { port: number; path: string }) =>
    new URL(`https://127.0.0.1:${port}${path}`);
  const transports = [
    new StreamableHTTPClientTransport(urlOf(servers.streamableHttp), { fetch: trusting }),
    // eslint-disable-next-line @typescript-eslint/no-deprecated -- what servers of this transport need
    new SSEClientTransport(urlOf(servers.sse), { fetch: trusting }),
  ];
  for (const transport of transports) {
    const client = new Client({ name: 'test', version: '0' });
    await client.connect(transport);
    const { content } = await client.callTool({ name: 'echo', arguments: { message: 'hello' } });
    expect(content).toEqual([{ type: 'text', text: 'Echo: hello' }]);
    await client.close();
  }
});

it('takes any Host, so that tests can name servers as they like', async () => {
  const { port, path } = await startEverything({ leaf, transport: 'streamableHttp' });
  const bytes = `GET ${path} HTTP/1.1\r\nHost: mcp.test\r\nOrigin: https://elsewhere.test\r\nConnection: close\r\n\r\n`;
  const [response] = parseResponses(await sendRaw({ port, bytes, tls }));
  expect(response?.status).toBe(400);
  expect(response?.body).toContain('No valid session ID');
});
