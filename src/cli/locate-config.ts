import { statSync } from 'node:fs';

const systemFile = '/etc/mcp-tls-sidecar/config.yaml';

/**
 * The configuration file: as named, else `$MCP_TLS_SIDECAR_CONFIG`, else the one in /etc if it is there.
 *
 * @returns undefined for the embedded default
 */
export function locateConfig(named: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  return named ?? (env['MCP_TLS_SIDECAR_CONFIG'] || (isThere(systemFile) ? systemFile : undefined));
}

/** A file that may not be looked at is there: to run without its policies, for want of a permission, would be wrong. */
function isThere(file: string): boolean {
  try {
    statSync(file);
    return true;
  } catch (error) {
    return !['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}
