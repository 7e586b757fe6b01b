import type { ListenAddress } from './config/config.ts';
import { hasErrors, loadConfig, type ConfigLocation, type LoadedConfig } from './snapshot/load-config.ts';
import type { Snapshot } from './snapshot/snapshot.ts';

/** The problems for which a sidecar does not start. */
export class StartError extends Error {}

/** A load of the configuration that a sidecar can start with. */
export interface FirstLoad {
  readonly snapshot: Snapshot;
  readonly inputs: LoadedConfig['inputs'];
  /** Whether anything about it was an error, though the rest is in force. */
  readonly failed: boolean;
  readonly problems: LoadedConfig['problems'];
}

/** @throws StartError where the configuration is refused as a whole */
export async function loadFirst(location: ConfigLocation): Promise<FirstLoad> {
  const { snapshot, problems, inputs } = await loadConfig(location);
  if (snapshot !== undefined) return { snapshot, inputs, problems, failed: hasErrors(problems) };
  const first = problems.find(({ severity }) => severity === 'error');
  const place = first?.line
    ? `${first.file}:${first.line}:${first.column}`
    : (first?.file ?? 'the configuration');
  const more = problems.filter(({ severity }) => severity === 'error').length - 1;
  const rest = more > 0 ? `and ${more} more: ` : '';
  const remedy = first?.line ? ` (${rest}run mcp-tls-sidecar check for the remedy)` : '';
  throw new StartError(`${place}: ${first?.message ?? 'cannot be used'}${remedy}`);
}

/** Why a listener cannot be bound, in words. */
export function listenProblem(
  error: NodeJS.ErrnoException & { address?: string; port?: number },
  wanted: readonly ListenAddress[],
): string {
  const port = error.port ?? wanted[0]?.port ?? 0;
  const place = `${error.address ?? wanted[0]?.host ?? ''}:${port}`;
  if (error.code === 'EADDRINUSE')
    return `cannot listen on ${place}: the port is in use (by another sidecar? --listen and --admin choose others)`;
  if (error.code === 'EACCES') return `cannot listen on ${place}: ports below 1024 need a privilege`;
  return `cannot listen on ${place}: ${error.code ?? error.message}`;
}
