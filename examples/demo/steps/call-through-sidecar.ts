import type { Client } from '@modelcontextprotocol/client';
import type { Report } from '../report.ts';
import { callEcho, connectClient, type Connected } from '../sdk-client.ts';
import { initialize, postFromPython, type StrictPython } from '../strict-python.ts';
import type { Files, Stage } from '../stage.ts';
import type { Running } from './start-sidecar.ts';

export async function callThroughSidecar(
  { report, cleanUp }: Stage,
  { sidecar, files, python }: { sidecar: Running; files: Files; python: StrictPython | undefined },
): Promise<Connected> {
  const url = `${sidecar.baseUrl}/mcp`;
  report.step(`Call it through ${url}`);
  const session = await connectClient(url);
  const { client } = session;
  cleanUp.add(() => client.close());
  const { tools } = await client.listTools();
  report.observe({
    worked: true,
    what: `MCP TypeScript SDK lists ${tools.length} tools`,
    details: [tools.map(({ name }) => name).join(', ')],
    claim: 'the tools are listed, echo among them',
    asClaimed: tools.some(({ name }) => name === 'echo'),
  });
  await observeEcho(report, client, 'hello');
  if (python === undefined) return session;
  const result = await postFromPython(python, { url, caFile: files.goodCa, body: initialize });
  const answer = 'error' in result ? result.error : `HTTP ${result.status}, ${serverNameIn(result.body)}`;
  report.observe({
    worked: !('error' in result),
    what: `Python ${python.version}, the same script: ${answer}`,
    claim: 'the script that failed works with the other URL',
    asClaimed: 'status' in result && result.status === 200,
  });
  return session;
}

/** The server's name in the answer to `initialize`, which comes as one event of a stream. */
export function serverNameIn(body: string): string {
  const message = JSON.parse(/^data: (.*)$/m.exec(body)?.[1] ?? body) as {
    result: { serverInfo: { name: string; version: string } };
  };
  const { name, version } = message.result.serverInfo;
  return `serverInfo ${name} ${version}`;
}

export async function observeEcho(report: Report, client: Client, message: string): Promise<void> {
  const text = await callEcho(client, message);
  report.observe({
    worked: true,
    what: `tool echo(${JSON.stringify({ message })}) answers ${JSON.stringify(text)}`,
    claim: 'the tool answers with the message',
    asClaimed: text.includes(message),
  });
}
