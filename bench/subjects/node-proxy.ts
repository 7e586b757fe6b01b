import { createRequire } from 'node:module';
import type { Contender } from '../contenders.ts';
import { portOf, runProgram } from '../processes.ts';

const require = createRequire(import.meta.url);

/** http-proxy and what took its place, set up alike. */
export const nodeProxy = (name: 'http-proxy' | 'http-proxy-3'): Contender => ({
  name,
  version: (require(`${name}/package.json`) as { version: string }).version,
  share: 0.5,
  async start({ upstreamPort, caFile }) {
    const child = runProgram('node-proxy.ts', [name, String(upstreamPort), caFile], 'proxy');
    return { child, pid: child.pid ?? 0, port: await portOf(child), prefix: '' };
  },
});
