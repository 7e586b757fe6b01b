/** Lists the tools of an MCP server and calls one, with a line of the SDK: a client that knows of no proxy. */
import { sdks } from '../integration/clients/sdk-clients.ts';

const [, , name = '', transport = '', url = ''] = process.argv;
const sdk = sdks.find((candidate) => candidate.name === name);
if (sdk === undefined) throw new Error(`there is no ${name}`);
const client = await sdk.connect({
  transport: transport === 'sse' ? 'sse' : 'streamableHttp',
  url: new URL(url),
});
const tools = await client.listTools();
process.stdout.write(`${tools.join(' ')}\n${await client.call('get-sum', { a: 2, b: 3 })}\n`);
await client.close();
