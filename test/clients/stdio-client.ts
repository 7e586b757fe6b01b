/** Lists the tools of an MCP server that is a command, and calls one: what the users of mcp-remote have in its place. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

const [, , tool = '', args = '{}', command = '', ...rest] = process.argv;
// Its default is a few harmless variables, of which no proxy is one.
const env = Object.fromEntries(Object.entries(process.env).map(([name, value = '']) => [name, value]));
const client = new Client({ name: 'test', version: '0' });
await client.connect(new StdioClientTransport({ command, args: rest, env }));
const { tools } = await client.listTools();
const parameters = { name: tool, arguments: JSON.parse(args) as Record<string, unknown> };
const { content } = await client.callTool(parameters);
process.stdout.write(`${tools.map(({ name }) => name).join(' ')}\n${JSON.stringify(content)}\n`);
await client.close();
