import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCa, type Ca } from '../../certs-fixtures/create-ca.ts';
import { startEverythingBoth } from '../harness/mcp-upstream.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import type { Upstream } from '../harness/tls-upstream.ts';
import { startOpenaiServer } from './openai-server.ts';

/** The servers of a company whose certificates are of its own CA and have no Authority Key Identifier. */
export interface Company {
  readonly ca: Ca;
  /** Streamable HTTP and SSE, as `https://localhost:PORT`. */
  readonly wiki: string;
  readonly tickets: string;
  /** A model provider under another CA, whose certificates are as they should be. */
  readonly llm: Upstream;
  /** Roots that the machine trusts by default: that CA alone. */
  readonly machineRoots: string;
  /** The file that `ssl_verify` names. */
  readonly caFile: string;
  readonly close: () => Promise<void>;
}

export type Example = 'base-url' | 'http-proxy' | 'https-proxy';

/** Starts them. They are all on `localhost`: the processes resolve names by the system, which has that for certain. */
export async function startCompany(): Promise<Company> {
  const [ca, publicCa] = [createCa({ name: 'Corp Root CA' }), createCa({ name: 'Public Root CA' })];
  const servers = await startEverythingBoth(ca.issue('localhost', { authorityKeyIdentifier: false }));
  const llm = await startOpenaiServer(publicCa.issue('localhost'));
  const folder = temporaryDirectory();
  const [caFile, machineRoots] = [join(folder, 'corp-ca.pem'), join(folder, 'machine-roots.pem')];
  writeFileSync(caFile, ca.pem);
  writeFileSync(machineRoots, publicCa.pem);
  const close = async () => {
    for (const server of [servers.streamableHttp, servers.sse, llm]) await server.close();
  };
  const wiki = `https://localhost:${servers.streamableHttp.port}`;
  const tickets = `https://localhost:${servers.sse.port}`;
  return { ca, wiki, tickets, llm, machineRoots, caFile, close };
}

/** A configuration of examples/litellm for the servers that run, and the sidecar where it listens. */
export function exampleFor(company: Company, example: Example, proxy = '127.0.0.1:8921'): string {
  const file = fileURLToPath(new URL(`../../examples/litellm/${example}.yaml`, import.meta.url));
  const schemeless = (url: string) => url.replace('https://', '');
  return readFileSync(file, 'utf8')
    .replaceAll('wiki.corp.example.com', schemeless(company.wiki))
    .replaceAll('tickets.corp.example.com', schemeless(company.tickets))
    .replaceAll('llm.example.com', `localhost:${company.llm.port}`)
    .replaceAll('/etc/ssl/corp-ca.pem', company.caFile)
    .replaceAll('127.0.0.1:8921', proxy);
}
