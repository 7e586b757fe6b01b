import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { start } from '../../src/app.ts';
import type { Lookup } from '../../src/upstream/resolve.ts';
import { cleanUp } from './clean-up.ts';
import { caDirectoryIn } from './published-ca.ts';
import { logCollector, sidecarAt, type Sidecar } from './sidecar.ts';
import { temporaryDirectory } from './temporary-directory.ts';

export interface InProcessOptions {
  /** The text of the YAML file. */
  readonly config: string;
  /** Left out: every name leads to 127.0.0.1, so that upstreams can be called `mcp.test`. */
  readonly lookup?: Lookup;
  /** The whole environment; nothing of the machine's gets in. */
  readonly env?: Readonly<Record<string, string>>;
  readonly pollMs?: number;
  /** In place of the clock, for dates that pass. */
  readonly now?: () => number;
}

export interface InProcessSidecar extends Sidecar {
  readonly configFile: string;
  /** Replaces the configuration by a rename, so that nobody reads half of it. */
  readonly writeConfig: (text: string) => void;
  /** Ends it at once; done after the test by itself. */
  readonly close: () => Promise<void>;
}

/** Runs the sidecar in the test's own process, on ephemeral ports, with a resolver of the test's choice. */
export async function startInProcess(options: InProcessOptions): Promise<InProcessSidecar> {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'config.yaml');
  writeFileSync(configFile, options.config);
  const { logs, write } = logCollector();
  const ephemeral = { host: '127.0.0.1', port: 0 };
  const running = await start({
    file: configFile,
    workingDirectory: directory,
    overrides: { listen: ephemeral, admin: ephemeral },
    env: { HOME: directory, XDG_STATE_HOME: join(directory, 'state'), ...options.env },
    lookup: options.lookup ?? loopbackLookup,
    logDestination: { write },
    ...(options.pollMs !== undefined && { pollMs: options.pollMs }),
    ...(options.now !== undefined && { now: options.now }),
  });
  const close = () => running.close();
  cleanUp(close);
  return {
    ...sidecarAt(running, caDirectoryIn(directory), logs),
    configFile,
    writeConfig: (text) => {
      writeFileSync(`${configFile}.new`, text);
      renameSync(`${configFile}.new`, configFile);
    },
    close,
  };
}

/** Every name is 127.0.0.1. */
export const loopbackLookup: Lookup = () => Promise.resolve([{ address: '127.0.0.1', family: 4 }]);
