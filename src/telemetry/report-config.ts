import { formatAuthority } from '../authority.ts';
import type { Problem } from '../config/problem.ts';
import type { Steps } from '../config/steps.ts';
import { inForce, type CompiledEntry } from '../policy/table.ts';
import type { Snapshot } from '../snapshot/snapshot.ts';
import type { Logger } from './logger.ts';

/** Variables that other tools obey and this one never does, and the setting to use instead. */
const ignoredVariables: Readonly<Record<string, string>> = {
  HTTPX_CA_BUNDLE: 'name the bundle in ssl_verify',
  REQUESTS_CA_BUNDLE: 'name the bundle in ssl_verify',
  CURL_CA_BUNDLE: 'name the bundle in ssl_verify',
  NODE_EXTRA_CA_CERTS:
    'name the bundle in ssl_verify, with tls.system_roots: true to add the default trust store',
  NODE_TLS_REJECT_UNAUTHORIZED: 'set ssl_verify: false on the one server that needs it',
  SSL_VERIFY: 'set mcp_tls_sidecar.ssl_verify, or ssl_verify of a server',
  HTTPS_PROXY: 'set mcp_tls_sidecar.upstream_proxy',
  HTTP_PROXY: 'set mcp_tls_sidecar.upstream_proxy',
  ALL_PROXY: 'set mcp_tls_sidecar.upstream_proxy',
  NO_PROXY: 'set mcp_tls_sidecar.no_proxy',
};

/** Says what is in force: trust, unverified servers, and what is set but not obeyed. */
export function reportStart(logger: Logger, snapshot: Snapshot, env: NodeJS.ProcessEnv): void {
  const { config } = snapshot;
  if (config.file === undefined)
    logger.info('no configuration file: running on the embedded default, without entries');
  for (const [name, instead] of Object.entries(ignoredVariables)) {
    if (!env[name] && !env[name.toLowerCase()]) continue;
    // Beside HTTPS_PROXY=our own address it is what every client is told to set.
    if (name === 'NO_PROXY' && config.settings.upstreamProxy === undefined) continue;
    logger.warn({ variable: name, instead }, 'an environment variable is set that has no effect here');
  }
  reportTrust(logger, snapshot);
}

/** One line a problem; the hint says what to do. */
export function* reportProblems(logger: Logger, problems: readonly Problem[]): Steps<void> {
  for (const { severity, file, line, column, message, hint, entry } of problems) {
    logger[severity === 'error' ? 'error' : 'warn']({ file, line, column, server: entry, hint }, message);
    yield;
  }
}

/** How a reload went: what is in force now, or why the old configuration stays. */
export function* reportReload(
  logger: Logger,
  report: { trigger: string; failed: boolean; problems: readonly Problem[]; before: Snapshot },
  snapshot: Snapshot,
): Steps<void> {
  const { trigger, failed, problems, before } = report;
  yield* reportProblems(logger, problems);
  const replaced = before !== snapshot;
  const fields = { trigger, sha256: snapshot.config.sha256, errors: problems.filter(isError).length };
  if (!failed) logger.info(fields, 'configuration reloaded');
  else if (replaced)
    logger.error(
      fields,
      'configuration reloaded in part: the entries with errors keep their last good files or answer configuration_unusable',
    );
  else logger.error(fields, 'configuration refused: the old one stays in force');
  if (!replaced) return;
  reportTrust(logger, snapshot);
  const [old, now] = [placesOf(before), placesOf(snapshot)];
  for (const [key, place] of Object.entries(now))
    if (old[key] !== place) logger.warn(`${key} was changed: that takes effect at the next start`);
}

/** Files that are mounts of their own: their changes will not be seen. */
export function reportFileMounts(logger: Logger, files: readonly string[]): void {
  for (const file of files)
    logger.warn(
      { file, hint: 'mount the directory that holds the file, without subPath' },
      'this file is mounted by itself: a subPath mount never changes, so no change of the file will be taken up',
    );
}

/** Exceptions that have just ended. */
export function reportPassedDeadlines(logger: Logger, entries: readonly CompiledEntry[]): void {
  for (const { entry, successor } of entries) {
    const fields = { server: entry.name, insecure_until: entry.tls.insecureUntil?.text };
    if (successor?.policy !== undefined)
      logger.warn(fields, 'insecure_until has passed: TLS is verified again');
    else
      logger.error(
        fields,
        'insecure_until has passed, and there is no trust to verify by: the server answers configuration_unusable',
      );
  }
}

/** An exception that ends within a week. */
export function reportNearDeadline(logger: Logger, { entry }: CompiledEntry): void {
  const { insecureUntil, insecureReason } = entry.tls;
  logger.warn(
    {
      server: entry.name,
      insecure_until: insecureUntil?.text,
      insecure_reason: insecureReason,
      hint: 'mcp_tls_sidecar_unverified_handshakes_total says for what reason its handshakes would have failed',
    },
    'TLS verification of this server comes back within a week',
  );
}

/** What is bound or opened once, at the start. */
function placesOf({ config: { settings } }: Snapshot): Readonly<Record<string, string>> {
  const { listen, admin, ca } = settings;
  return {
    listen: JSON.stringify(listen),
    admin: JSON.stringify(admin),
    'ca.directory': ca.directory,
    'ca.state_directory': ca.stateDirectory ?? '',
  };
}

function reportTrust(logger: Logger, { table, defaultTrust, config }: Snapshot): void {
  if (defaultTrust !== undefined) logger.info(defaultTrust, 'default trust');
  const unverified = table.entries
    .filter((compiled) => inForce(compiled).policy?.verify === false)
    .map(({ entry }) => entry.name);
  if (unverified.length > 0)
    logger.warn({ servers: unverified }, 'TLS verification is OFF for these servers');
  const { upstreamProxy } = config.settings;
  if (upstreamProxy !== undefined)
    logger.info(
      { upstream_proxy: `${upstreamProxy.protocol}://${formatAuthority(upstreamProxy.authority)}` },
      'upstream proxy: it resolves the names, so of prohibited addresses only literals can be told',
    );
}

function isError({ severity }: Problem): boolean {
  return severity === 'error';
}
