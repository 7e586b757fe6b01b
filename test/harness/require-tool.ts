import { execFileSync } from 'node:child_process';
import { accessSync, constants, globSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/**
 * For `it.skipIf(toolMissing('openssl'))('… (needs openssl)', …)`. With `MCP_TLS_SIDECAR_TEST_NO_SKIPS=1`, as in CI,
 * a missing tool fails the test file instead: a skip that nobody reads is a test that does not exist.
 *
 * @param tool the name of a command
 */
export function toolMissing(tool: string): boolean {
  return missing(tool, !onPath(tool));
}

/** A Python whose TLS verification is that of CPython 3.13. */
export interface StrictPython {
  readonly path: string;
  /** True: an older one, where the script must set `VERIFY_X509_STRICT | VERIFY_X509_PARTIAL_CHAIN` itself. */
  readonly needsFlags: boolean;
}

/** Finds a CPython >= 3.13, else one >= 3.10 that can be told to be as strict; undefined (or a failure, see above) if there is none. */
export function strictPython(): StrictPython | undefined {
  const candidates = [
    'python3',
    'python3.13',
    ...globSync(join(homedir(), '.pyenv/versions/3.1*/bin/python3')),
  ];
  const found = candidates.map((path) => ({ path, minor: pythonMinor(path) }));
  const python = found.find(({ minor }) => minor >= 13) ?? found.find(({ minor }) => minor >= 10);
  if (missing('python3 (3.10 or later)', python === undefined) || python === undefined) return undefined;
  return { path: python.path, needsFlags: python.minor < 13 };
}

function missing(tool: string, isMissing: boolean): boolean {
  if (isMissing && process.env['MCP_TLS_SIDECAR_TEST_NO_SKIPS'] === '1') {
    throw new Error(
      `${tool} is not installed, and MCP_TLS_SIDECAR_TEST_NO_SKIPS=1 forbids to skip its tests`,
    );
  }
  return isMissing;
}

function onPath(tool: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, tool), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Asks the interpreter itself: pyenv has shims on the PATH for versions that then refuse to run. */
function pythonMinor(path: string): number {
  const script = 'import ssl, sys; print(sys.version_info[1] if sys.version_info[0] == 3 else 0)';
  try {
    return Number(
      execFileSync(path, ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    return 0;
  }
}
