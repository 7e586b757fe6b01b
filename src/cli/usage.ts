import { version } from '../version.ts';

/** Exit codes of INTERFACE section 2. */
export const exitCodes = { good: 0, problem: 1, usage: 2 } as const;

export const helpText = `mcp-tls-sidecar ${version}: gives every MCP server its own TLS trust policy, and says why a handshake fails

examples:
  mcp-tls-sidecar --config config.yaml          run the sidecar (config.yaml may be LiteLLM's own)
  mcp-tls-sidecar check --config config.yaml    find every problem of a configuration at once
  mcp-tls-sidecar doctor --config config.yaml   dial every server and say what is wrong, and what mends it
  mcp-tls-sidecar doctor mcp.example.com        the same for any host, without a configuration
  mcp-tls-sidecar health                        ask the running sidecar whether it is ready

usage:
  mcp-tls-sidecar [serve] [--config FILE] [--listen ADDR] [--admin ADDR]
  mcp-tls-sidecar check [--config FILE] [--json]
  mcp-tls-sidecar doctor [SERVER|URL|HOST[:PORT] ...] [--config FILE] [--mcp] [--json] [--save-chain FILE]
  mcp-tls-sidecar health [--config FILE]
  mcp-tls-sidecar --version | --help

options:
  --config FILE   the YAML file; else $MCP_TLS_SIDECAR_CONFIG, else /etc/mcp-tls-sidecar/config.yaml, else no entries
  --listen ADDR   host:port for clients, in place of mcp_tls_sidecar.listen (default 127.0.0.1:8921)
  --admin ADDR    host:port for metrics and probes, in place of mcp_tls_sidecar.admin (default 127.0.0.1:9921)
  --json          check: problems as JSON; doctor: everything as JSON
  --mcp           doctor: also initialize and tools/list, without credentials (a 401 is a pass)
  --save-chain FILE  doctor: write what the one server presented to a new file; presented is not trusted

exit codes: 0 good (warnings alone too), 1 a problem was found or it could not start, 2 wrong usage
`;

/** What is wrong with a command line, and the remedy. */
export class UsageError extends Error {
  readonly hint: string;

  constructor(message: string, hint = 'mcp-tls-sidecar --help shows how it is used') {
    super(message);
    this.hint = hint;
  }
}

/** An error for people: one line in lower case, then hints, without control characters. */
export function renderError(message: string, ...hints: string[]): string {
  const clean = (text: string) => text.replace(/[\p{Cc}\p{Cf}]/gu, ' ');
  return [`error: ${clean(message)}`, ...hints.map((hint) => `hint: ${clean(hint)}`)].join('\n') + '\n';
}
