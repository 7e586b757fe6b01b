import { basename, dirname } from 'node:path';
import { initialize, postFromPython, type StrictPython } from '../strict-python.ts';
import type { Files, Stage } from '../stage.ts';
import { serverNameIn } from './call-through-sidecar.ts';
import type { Running } from './start-sidecar.ts';

/** The real URL, unchanged: a proxy variable and a CA file are all that the client sets. */
export async function callThroughConnect(
  { report }: Stage,
  {
    sidecar,
    url,
    files,
    python,
  }: {
    sidecar: Running;
    url: string;
    files: Files;
    python: StrictPython | undefined;
  },
): Promise<void> {
  if (python === undefined) return;
  const { proxyUrl } = sidecar;
  const caFile = files.clientBundle;
  const shown = `${basename(dirname(caFile))}/${basename(caFile)}`;
  report.step('Or keep the real URL: one proxy variable and one CA file');
  report.verbatim(`HTTPS_PROXY=${proxyUrl}\nSSL_CERT_FILE=${shown}\n`);
  const result = await postFromPython(python, { url, caFile, body: initialize, proxy: proxyUrl });
  const answer = 'error' in result ? result.error : `HTTP ${result.status}, ${serverNameIn(result.body)}`;
  report.observe({
    worked: !('error' in result),
    what: `Python ${python.version}, the same script and ${url}: ${answer}`,
    claim: 'the script that failed works with the same URL through the proxy',
    asClaimed: 'status' in result && result.status === 200,
  });
}
