/**
 * The sidecar inside a program of your own, in place of the command. Everything that this module exports is stable
 * under semantic versioning; nothing else in the package is.
 *
 * @example
 * import { start } from 'mcp-tls-sidecar';
 *
 * const sidecar = await start({ config: 'config.yaml', listen: '127.0.0.1:0', admin: '127.0.0.1:0' });
 * await fetch(`http://${sidecar.proxy}/my_mcp_server/mcp`, { method: 'POST' });
 * await sidecar.drain();
 *
 * @module
 */
import * as app from './app.ts';
import type { ListenAddress } from './config/config.ts';
import { Fault } from './config/fault.ts';
import { parseListenAddress } from './config/listen-address.ts';
import { describeProblem } from './config/problem.ts';

/** How a sidecar is started. */
export interface StartOptions {
  /**
   * The path of the YAML file. Left out, there are no entries and all settings have their defaults: neither
   * `MCP_TLS_SIDECAR_CONFIG` nor `/etc/mcp-tls-sidecar/config.yaml` is looked at.
   */
  readonly config?: string | undefined;
  /** `host:port` for clients, in place of `mcp_tls_sidecar.listen`. Port 0 takes a free one. */
  readonly listen?: string | undefined;
  /** `host:port` for metrics and probes, in place of `mcp_tls_sidecar.admin`. */
  readonly admin?: string | undefined;
  /** What `os.environ/NAME`, `SSL_CERT_FILE`, `STATE_DIRECTORY` and the like are read from; left out, `process.env`. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where relative paths of `mcp_tls_sidecar.ca` start; left out, the working directory of the process. */
  readonly workingDirectory?: string | undefined;
  /** Takes each log line, JSON with its line feed; left out, they go to stdout. */
  readonly log?: ((line: string) => void) | undefined;
}

/** One thing that is wrong with the configuration. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** Counted from 1; 0 where the problem is with the file as a whole. */
  readonly line: number;
  /** Counted from 1; 0 where the problem is with the file as a whole. */
  readonly column: number;
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
}

/** How a reload ended. */
export interface Reload {
  /** Whether anything was refused; what spoils single entries leaves the others with the new configuration. */
  readonly failed: boolean;
  readonly problems: readonly Problem[];
}

/** A running sidecar. */
export interface Sidecar {
  /** `host:port` of the first proxy listener, with its real port. */
  readonly proxy: string;
  /** `host:port` of the admin listener, with its real port. */
  readonly admin: string;
  /**
   * Reads the configuration and every file that it names once more. Changes on disk are also taken up without it.
   *
   * @param options `closeChanged` also ends the streams of entries whose policy changed
   */
  reload(options?: { readonly closeChanged?: boolean }): Promise<Reload>;
  /** What SIGTERM does to the command: serves until nothing is open or `timeouts.drain` is over, then ends. */
  drain(): Promise<void>;
  /** Ends at once. */
  close(): Promise<void>;
}

/** Why a sidecar did not start: the configuration is refused as a whole, or an address cannot be had. */
export class StartError extends Error {
  override readonly name: string = 'StartError';
}

/**
 * Starts a sidecar and waits until it is ready. The signals and uncaught exceptions of the process stay the caller's.
 *
 * @throws StartError
 */
export async function start(options: StartOptions = {}): Promise<Sidecar> {
  const { config, env = process.env, workingDirectory, log } = options;
  const overrides = { listen: address('listen', options.listen), admin: address('admin', options.admin) };
  const running = await startApp({
    file: config,
    env,
    overrides,
    ...(workingDirectory === undefined ? {} : { workingDirectory }),
    ...(log === undefined ? {} : { logDestination: { write: log } }),
  });
  return {
    proxy: running.proxy,
    admin: running.admin,
    reload: async ({ closeChanged = false } = {}) => {
      const { failed, problems } = await running.reload('request', { closeChanged });
      return { failed, problems: problems.map(describeProblem) };
    },
    drain: () => running.drain(),
    close: () => running.close(),
  };
}

async function startApp(options: app.StartOptions): Promise<app.Sidecar> {
  try {
    return await app.start(options);
  } catch (error) {
    if (!(error instanceof app.StartError)) throw error;
    throw new StartError(error.message, { cause: error.cause });
  }
}

function address(option: string, text: string | undefined): ListenAddress | undefined {
  if (text === undefined) return undefined;
  const parsed = parseListenAddress(text);
  if (!(parsed instanceof Fault)) return parsed;
  throw new StartError(`${option} ${text} ${parsed.message}: ${parsed.hint}`);
}
