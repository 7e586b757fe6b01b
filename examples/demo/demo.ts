/**
 * `npm run demo`: the main job of mcp-tls-sidecar, from the failure to the remedy, in a few seconds and on this
 * machine alone.
 *
 * It starts the reference MCP server behind TLS, with a private CA and a leaf without Authority Key Identifier that
 * are made on the spot; shows that clients refuse it; starts the sidecar as the real command; lists and calls tools
 * through it; breaks the CA bundle on disk, shows the failure and how it is counted, mends it; prints metrics and
 * `curl` commands, having run them. Then it stays up until Ctrl-C, or ends at once with `--once`.
 *
 * Nothing is canned: each line that it prints was observed in this run. ✓ is a thing that worked and ✗ one that did
 * not, also where that is the point; what is not as the demo claims is named, and the exit code is then 1.
 *
 * The ports are the defaults, 8921 and 9921, where they are free, so that the commands look like the documentation.
 * Everything that it starts is ended and its files are removed, also after Ctrl-C and errors.
 */
import { CleanUp } from './clean-up.ts';
import { Report } from './report.ts';
import { play } from './scenario.ts';
import { wordsOf } from './sdk-client.ts';
import type { LogLine, SidecarProcess } from './sidecar-process.ts';

const deadlineMs = 60_000;

const unknown = process.argv.slice(2).filter((argument) => argument !== '--once');
if (unknown.length > 0) {
  process.stderr.write(`error: unknown argument ${unknown.join(' ')}\nhint: npm run demo [-- --once]\n`);
  process.exit(2);
}
const once = process.argv.includes('--once');

// The clients of this process are to behave as they do everywhere: settings of the machine must not decide.
delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
process.env['NO_PROXY'] = process.env['no_proxy'] = 'localhost,127.0.0.1';

const report = new Report(process.stdout);
const cleanUp = new CleanUp();
process.exitCode = await main();
process.exit();

async function main(): Promise<number> {
  // Nobody reads any more: `npm run demo | head`. The handlers of `exit` end what runs.
  process.stdout.on('error', () => process.exit(1));
  const interrupted = untilInterrupted();
  report.title('mcp-tls-sidecar demo: an MCP server with a private CA, before and after');
  try {
    const sidecar = await Promise.race([play({ report, cleanUp }), interrupted, deadline()]);
    if (typeof sidecar === 'string') report.differs(sidecar);
    else if (!once) await stayUp(sidecar, interrupted);
  } catch (error) {
    report.differs(wordsOf(error));
  }
  const closing = report.takeOver();
  closing.step('End what was started');
  await cleanUp.run(closing);
  return summary(closing);
}

/** Shows what the sidecar logs, until Ctrl-C. */
async function stayUp(sidecar: SidecarProcess, interrupted: Promise<string>): Promise<void> {
  report.title('\nUp until Ctrl-C: try the curl and the cp commands. The sidecar logs:');
  sidecar.onLog((line) => report.note(shortLine(line)));
  const code = await Promise.race([sidecar.exited, interrupted]);
  if (typeof code !== 'string')
    report.differs(`the sidecar runs until it is told to end; it ended with ${code}`);
}

function shortLine({ time, level, msg, ...rest }: LogLine): string {
  const words = ['server', 'method', 'status', 'reason', 'trigger']
    .filter((name) => rest[name] !== undefined)
    .map((name) => `${name}=${String(rest[name])}`);
  return [String(time).slice(11, 19), String(level), String(msg), ...words].join(' ');
}

/** The second signal ends it at once; what runs is killed as the process exits. */
function untilInterrupted(): Promise<string> {
  return new Promise((resolve) => {
    let signals = 0;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => {
        if (++signals > 1) process.exit(1);
        resolve(`it was interrupted by ${signal} before its end`);
      });
  });
}

function deadline(): Promise<string> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(`it did not come to its end within ${deadlineMs} ms`), deadlineMs).unref();
  });
}

function summary(closing: Report): number {
  const { observations, differences } = closing;
  const seconds = (performance.now() / 1000).toFixed(1);
  const time = once ? `, in ${seconds} s` : '';
  if (differences.length === 0) closing.title(`\nAll ${observations} observations are as claimed${time}.`);
  else closing.title(['\nNot as claimed:', ...differences.map((difference) => `- ${difference}`)].join('\n'));
  return differences.length === 0 ? 0 : 1;
}
