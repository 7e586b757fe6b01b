/** Lists the tools of the server at a URL with each line of the SDK: a client that knows of no proxy. */
import { sdks } from './sdk-clients.ts';

const [, , url = ''] = process.argv;
const tools: Record<string, string[]> = {};
for (const sdk of sdks) {
  const client = await sdk.connect({ transport: 'streamableHttp', url: new URL(url) });
  tools[sdk.name] = await client.listTools();
  await client.close();
}
process.stdout.write(JSON.stringify(tools));
