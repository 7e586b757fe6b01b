import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { configText } from '../../harness/config-text.ts';
import { parseResponses, type RawResponse } from '../../harness/parse-responses.ts';
import { openTunnel } from '../../harness/open-tunnel.ts';
import { sendRaw } from '../../harness/raw-http.ts';
import {
  startInProcess,
  type InProcessOptions,
  type InProcessSidecar,
} from '../../harness/start-in-process.ts';
import { startUpstream, type Upstream, type UpstreamOptions } from '../../harness/tls-upstream.ts';

const ca = createCa();
export const caPem = ca.pem;
export const leaf = ca.issue(['mcp.test', 'localhost', '127.0.0.1', '::1']);

/** The label of the listed server. */
export const server = 'dev';

/** A sidecar with one listed server. */
export interface Pair {
  readonly upstream: Upstream;
  readonly sidecar: InProcessSidecar;
  /** `mcp.test:port`. */
  readonly authority: string;
}

export async function startPair(
  options: {
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly upstream?: Omit<UpstreamOptions, 'leaf'>;
    readonly host?: string;
  } & Pick<InProcessOptions, 'lookup'> = {},
): Promise<Pair> {
  const { settings = {}, host = 'mcp.test', lookup } = options;
  const upstream = await startUpstream({ leaf, ...options.upstream });
  const authority = `${host}:${upstream.port}`;
  const sidecar = await startInProcess({
    config: configText({ [server]: { url: `https://${authority}/mcp`, ssl_verify: caPem } }, settings),
    ...(lookup && { lookup }),
  });
  return { upstream, sidecar, authority };
}

/** The answer to a CONNECT with this target; what is no HTTP throws. */
export async function answerTo(proxy: string, target: string, headers?: string): Promise<RawResponse> {
  return (await openTunnel(proxy, target, headers)).response;
}

/** The answer to bytes that are sent to the proxy as they are. */
export async function answerToBytes(proxy: string, bytes: string | Buffer): Promise<RawResponse> {
  const { port } = new URL(`http://${proxy}`);
  const [answer] = parseResponses(await sendRaw({ port: Number(port), bytes }));
  if (answer === undefined) throw new Error('no answer');
  return answer;
}
