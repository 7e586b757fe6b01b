import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cleanUp } from './clean-up.ts';

/** A new, empty directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'mcp-tls-sidecar-test-'));
  cleanUp(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
