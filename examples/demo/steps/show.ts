import { lines, scrape } from '../metrics.ts';
import type { Connected } from '../sdk-client.ts';
import { runInShell } from '../shell.ts';
import { server, type Stage } from '../stage.ts';
import { handshakeFailures, reason } from './change-bundle.ts';
import type { Running } from './start-sidecar.ts';

export async function showMetrics({ report }: Stage, { adminUrl }: Running): Promise<void> {
  report.step(`What it has counted (${adminUrl}/metrics)`);
  const text = await scrape(adminUrl);
  const shown = [
    ...lines(text, 'mcp_tls_sidecar_requests_total', { server }),
    ...lines(text, 'mcp_tls_sidecar_failures_total', { server }),
    ...lines(text, 'mcp_tls_sidecar_upstream_handshakes_total', { server }),
    ...lines(text, handshakeFailures, { server }).filter((line) => !line.endsWith(' 0')),
    ...lines(text, 'mcp_tls_sidecar_ca_bundle_certificates', { server }),
    ...lines(text, 'mcp_tls_sidecar_server_usable', { server }),
    ...lines(text, 'mcp_tls_sidecar_config_reloads_total'),
  ];
  report.verbatim(shown.join('\n'));
}

export async function showCurl(
  { report }: Stage,
  { sidecar, session }: { sidecar: Running; session: Connected },
): Promise<void> {
  report.step('Call it with curl, and look at its metrics');
  const call = JSON.stringify({ name: 'echo', arguments: { message: 'curl' } });
  const commands = [
    [
      `${curl} ${sidecar.baseUrl}/mcp \\`,
      `  -H 'Content-Type: application/json' \\`,
      `  -H 'Accept: application/json, text/event-stream' \\`,
      `  -H 'MCP-Protocol-Version: ${session.protocolVersion}' \\`,
      `  -H 'Mcp-Session-Id: ${session.sessionId}' \\`,
      `  -d '{"jsonrpc":"2.0","id":"curl","method":"tools/call",`,
      `       "params":${call}}' \\`,
      `  | grep jsonrpc`,
    ].join('\n'),
    `${curl} ${sidecar.adminUrl}/metrics | grep ${reason}`,
    `${curl} ${sidecar.adminUrl}/readyz`,
  ];
  for (const command of commands) {
    report.command(command);
    const { code, stdout, stderr } = await runInShell(command);
    if (code === 127 || /curl: (?:command )?not found/.test(stderr)) {
      report.note('(not tried: there is no curl on this machine)');
      continue;
    }
    const [what = '', ...rest] = `${stdout}${stderr}`.trim().split('\n');
    report.observe({ worked: code === 0, what, claim: 'this command works', asClaimed: code === 0 });
    if (rest.length > 0) report.verbatim(rest.join('\n'));
  }
}

/** curl obeys these also for loopback, unless it is told otherwise. */
const curl = ['http_proxy', 'ALL_PROXY', 'all_proxy'].some((name) => process.env[name])
  ? "curl -sS --noproxy '*'"
  : 'curl -sS';
