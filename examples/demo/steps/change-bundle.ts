import { lines, scrape, valueOf } from '../metrics.ts';
import { callEcho, rpcErrorOf, wordsOf, type Connected } from '../sdk-client.ts';
import { runInShell, shellQuote } from '../shell.ts';
import type { LogLine } from '../sidecar-process.ts';
import { nameOf, readCertificate, server, type Files, type Stage } from '../stage.ts';
import { observeEcho } from './call-through-sidecar.ts';
import type { Running } from './start-sidecar.ts';

/** INTERFACE section 6: within 1 s where the file system tells, within 10 s by polling. */
const reloadTimeoutMs = 11_000;
/** What a chain to a CA that is not in the bundle is called. */
export const reason = 'tls_cert_issuer_unknown';
export const handshakeFailures = 'mcp_tls_sidecar_upstream_handshake_failures_total';

interface Change {
  readonly sidecar: Running;
  readonly files: Files;
  readonly session: Connected;
}

/** Copies a file over the bundle, as the command that is shown, and waits for the sidecar to notice. */
async function replaceBundle({ report }: Stage, { sidecar, files }: Change, source: string): Promise<void> {
  const command = `cp ${shellQuote(source)} ${shellQuote(files.bundle)}`;
  report.command(command);
  const from = sidecar.process.logged;
  const startMs = performance.now();
  const { code, stderr } = await runInShell(command);
  if (code !== 0) throw new Error(`${command}: ${stderr}`);
  const wanted = { msg: 'configuration reloaded', errors: 0 };
  const { trigger } = await sidecar.process.untilLogged(wanted, from, reloadTimeoutMs);
  const tookMs = Math.round(performance.now() - startMs);
  report.observe({
    worked: true,
    what: `reloaded by itself within ${tookMs} ms; ca.pem is now "${nameOf(readCertificate(files.bundle))}"`,
    claim: 'a change of the bundle is in force without a command',
    asClaimed: trigger === 'change',
  });
}

const countFailures = async ({ adminUrl }: Running): Promise<number> =>
  valueOf(await scrape(adminUrl), handshakeFailures, { server, reason });

/** @returns the failures that are counted now */
export async function breakBundle(stage: Stage, change: Change): Promise<number> {
  const { report } = stage;
  const { sidecar, files, session } = change;
  report.step('Break the CA bundle on disk');
  const before = await countFailures(sidecar);
  await replaceBundle(stage, change, files.otherCa);
  const from = sidecar.process.logged;
  const outcome = await callEcho(session.client, 'is anybody there?').catch((thrown: unknown) => thrown);
  const error = rpcErrorOf(outcome);
  report.observe({
    worked: typeof outcome === 'string',
    what:
      error === undefined
        ? `echo: ${wordsOf(outcome)}`
        : `tool echo: HTTP ${error.status}, reason ${error.reason}`,
    details: error === undefined ? [] : [error.message, `hint: ${error.hint}`],
    claim: `the call fails with a JSON-RPC error and the reason ${reason}`,
    asClaimed: error?.reason === reason,
  });
  const line = await sidecar.process.untilLogged({ server, reason }, from, reloadTimeoutMs);
  report.note('its log line, in part:', JSON.stringify(excerpt(line)));
  const text = await scrape(sidecar.adminUrl);
  const after = valueOf(text, handshakeFailures, { server, reason });
  report.note(`its metric, which was ${before}:`);
  report.verbatim(lines(text, handshakeFailures, { server, reason }).join('\n'));
  if (after !== before + 1) report.differs(`the failure is counted once; it was ${before} and is ${after}`);
  return after;
}

function excerpt(line: LogLine): LogLine {
  const { level, status, phase, error } = line;
  return { level, server: line['server'], status, reason: line['reason'], phase, error };
}

/** @param change with the failures that were counted before */
export async function mendBundle(
  stage: Stage,
  change: Change & { readonly failures: number },
): Promise<void> {
  const { report } = stage;
  const { sidecar, files, session, failures } = change;
  report.step('Mend it');
  await replaceBundle(stage, change, files.goodCa);
  await observeEcho(report, session.client, 'hello again');
  const text = await scrape(sidecar.adminUrl);
  const startSeconds = valueOf(text, 'process_start_time_seconds');
  const asClaimed =
    startSeconds === sidecar.startSeconds &&
    valueOf(text, handshakeFailures, { server, reason }) === failures &&
    session.client.transport?.sessionId === session.sessionId;
  report.observe({
    worked: asClaimed,
    what: `no restart: pid ${sidecar.process.pid} runs since ${isoTime(startSeconds)}, the MCP session goes on`,
    claim: 'the same process serves the same MCP session, and no further failure is counted',
    asClaimed,
  });
}

const isoTime = (seconds: number): string => new Date(seconds * 1000).toISOString().replace('.000', '');
