import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { findStrictPython, type StrictPython } from '../../examples/demo/strict-python.ts';

export type { StrictPython };

/**
 * For `it.skipIf(toolMissing('openssl'))('… (needs openssl)', …)`. With `MCP_TLS_SIDECAR_TEST_NO_SKIPS=1`, as in CI,
 * a missing tool fails the test file instead: a skip that nobody reads is a test that does not exist.
 *
 * @param tool the name of a command
 */
export function toolMissing(tool: string): boolean {
  return missing(tool, !onPath(tool));
}

/** A Python that verifies as 3.13 does; undefined (or a failure, see above) if there is none. */
export function strictPython(): StrictPython | undefined {
  const python = findStrictPython();
  missing('python3 (3.10 or later)', python === undefined);
  return python;
}

/**
 * The Node of the line before ours, whose undici is 7, as `MCP_TLS_SIDECAR_TEST_NODE_24` names it: beside the pinned
 * one it cannot be a devDependency, for both would be `node_modules/.bin/node`. Undefined (or a failure, see above) if
 * there is none.
 */
export function node24(): string | undefined {
  const path = process.env['MCP_TLS_SIDECAR_TEST_NODE_24'] ?? '';
  const isMissing = missing('node 24 (named by MCP_TLS_SIDECAR_TEST_NODE_24)', !existsSync(path));
  return isMissing ? undefined : path;
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
