import { get } from 'node:http';
import { formatHost } from '../authority.ts';
import type { ListenAddress } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { FileFault, readRegularFile } from '../trust/read-file.ts';
import { locateConfig } from './locate-config.ts';

const timeoutMs = 3_000;
/** Where to reach a listener on all addresses; not every system takes the unspecified address as a destination. */
const ANY_ADDRESS: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

/**
 * `health`: asks the running sidecar's `/readyz`.
 *
 * @returns undefined if it is ready, else why not
 */
export async function health(named: string | undefined, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { host, port } = await adminAddress(named, env);
  const url = `http://${formatHost(ANY_ADDRESS[host] ?? host)}:${port}/readyz`;
  return new Promise((resolve) => {
    const request = get(url, { timeout: timeoutMs, agent: false }, (response) => {
      response.resume();
      resolve(
        response.statusCode === 200 ? undefined : `not ready: ${url} answers ${response.statusCode ?? 0}`,
      );
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    request.on('error', (error: NodeJS.ErrnoException) =>
      resolve(`not ready: ${url}: ${error.code ?? error.message}`),
    );
  });
}

/** A file that was broken after the start does not make the running sidecar unhealthy: then the default is asked. */
async function adminAddress(named: string | undefined, env: NodeJS.ProcessEnv): Promise<ListenAddress> {
  const file = locateConfig(named, env);
  const read = file === undefined ? undefined : await readRegularFile(file);
  const bytes = read === undefined || read instanceof FileFault ? Buffer.from('{}') : read.bytes;
  const { config } = readConfig({ file, bytes, env });
  return config?.settings.admin ?? { host: '127.0.0.1', port: 9921 };
}
