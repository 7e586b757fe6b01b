import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { toolMissing } from '../harness/require-tool.ts';
import { temporaryDirectory } from '../harness/temporary-directory.ts';
import { deployFolder } from './manifests.ts';

const needs = toolMissing('systemd-analyze');
const analyze = (...args: readonly string[]) =>
  spawnSync('systemd-analyze', args, { encoding: 'utf8', timeout: 15_000 });

/** The unit with a command that is there. */
function unitFile(change: (text: string) => string = (text) => text): string {
  const file = join(temporaryDirectory(), 'mcp-tls-sidecar.service');
  const text = readFileSync(join(deployFolder, 'systemd/mcp-tls-sidecar.service'), 'utf8');
  writeFileSync(file, change(text.replaceAll('/usr/local/bin/mcp-tls-sidecar', '/bin/true')));
  return file;
}

describe.skipIf(needs)('the unit of systemd (needs systemd-analyze)', () => {
  it('is understood to the last line', () => {
    const { status, stderr } = analyze('verify', unitFile());
    expect(stderr).toBe('');
    expect(status).toBe(0);
  });

  it('which a misspelt line would show', () => {
    const { stderr } = analyze(
      'verify',
      unitFile((text) => text.replace('ProtectHome=', 'ProtectHomes=')),
    );
    expect(stderr).toMatch(/Unknown key.*'ProtectHomes'/);
  });

  it('is exposed no more than 1.5 of 10', () => {
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=15', unitFile());
    expect(stdout).toContain('Overall exposure level for mcp-tls-sidecar.service: 1.');
    expect(status).toBe(0);
  });
});
