import { existsSync } from 'node:fs';

const systemFile = '/etc/mcp-tls-sidecar/config.yaml';

/**
 * The configuration file: as named, else `$MCP_TLS_SIDECAR_CONFIG`, else the one in /etc if it is there.
 *
 * @returns undefined for the embedded default
 */
export function locateConfig(named: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  return named ?? (env['MCP_TLS_SIDECAR_CONFIG'] || (existsSync(systemFile) ? systemFile : undefined));
}
