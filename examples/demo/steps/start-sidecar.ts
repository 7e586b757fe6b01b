import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { scrape, valueOf } from '../metrics.ts';
import { shellQuote } from '../shell.ts';
import { mainFile, SidecarProcess, type LogLine } from '../sidecar-process.ts';
import { server, type Files, type Stage } from '../stage.ts';

/** A sidecar that runs, and where. */
export interface Running {
  readonly process: SidecarProcess;
  /** What `HTTPS_PROXY` is set to. */
  readonly proxyUrl: string;
  readonly baseUrl: string;
  readonly adminUrl: string;
  /** When its process began, by its own metrics. */
  readonly startSeconds: number;
}

export async function startSidecar(stage: Stage, { config }: Files, url: string): Promise<Running> {
  const { report } = stage;
  report.step('Put the sidecar in between');
  writeFileSync(config, `mcp_servers:\n  ${server}:\n    url: ${url}\n    ssl_verify: ca.pem\n`);
  report.verbatim(readFileSync(config, 'utf8'));
  // The ports of the documentation, else any.
  const started =
    (await run(stage, config, [])) ??
    (await run(stage, config, ['--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0']));
  if (started === undefined) throw new Error('the sidecar did not start');
  const { sidecar, ready } = started;
  const [proxy, admin] = [String(ready['proxy']), String(ready['admin'])];
  report.observe({
    worked: true,
    what: `ready: proxy ${proxy}, admin ${admin}, pid ${sidecar.pid}`,
    claim: 'it listens on loopback',
    asClaimed: [proxy, admin].every((address) => address.startsWith('127.0.0.1:')),
  });
  const adminUrl = `http://${admin}`;
  const startSeconds = valueOf(await scrape(adminUrl), 'process_start_time_seconds');
  return {
    process: sidecar,
    proxyUrl: `http://${proxy}`,
    baseUrl: `http://${proxy}/${server}`,
    adminUrl,
    startSeconds,
  };
}

/** @returns undefined where a port is in use */
async function run(
  { report, cleanUp }: Stage,
  config: string,
  args: readonly string[],
): Promise<{ sidecar: SidecarProcess; ready: LogLine } | undefined> {
  const words = ['node', relative(process.cwd(), mainFile), 'serve', '--config', config, ...args];
  report.command(words.map(shellQuote).join(' '));
  const sidecar = new SidecarProcess(config, args);
  let ended = false;
  cleanUp.add(async (closing) => {
    const code = await sidecar.stop();
    if (ended) return;
    const what = `the sidecar ended with exit code ${code ?? '(none: it was killed)'}`;
    closing.observe({ worked: code === 0, what, claim: 'the sidecar ends cleanly', asClaimed: code === 0 });
  });
  const ready = await sidecar.untilReady();
  if (typeof ready !== 'string') return { sidecar, ready };
  ended = true;
  report.note(ready);
  if (!ready.includes('the port is in use')) throw new Error('the sidecar did not start');
  return undefined;
}
