import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, inject, test } from 'vitest';
import { distFiles } from '../../release/build.ts';
import { version } from '../../src/version.ts';

const image = inject('image');
const ours = image.layers.slice(1);

/** What a layer holds: type and mode, owner, size and path. */
function entriesOf(file: string) {
  const listing = execFileSync('tar', ['--numeric-owner', '-tvf', file], { encoding: 'utf8' });
  return listing
    .trim()
    .split('\n')
    .map((line) => {
      const [mode = '', owner = '', size = '', , , name = ''] = line.split(/\s+/);
      return { mode, owner, bytes: Number(size), name };
    });
}

const entries = ours.flatMap(({ file }) => entriesOf(file));
const files = entries.filter(({ mode }) => !mode.startsWith('d'));

test('the layers that we add are below 10 MB, unpacked', () => {
  const unpacked = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const packed = ours.reduce((sum, { bytes }) => sum + bytes, 0);
  process.stdout.write(`layers added: ${inMegabytes(unpacked)}, as transferred ${inMegabytes(packed)}\n`);
  expect(ours).toHaveLength(1);
  expect(unpacked).toBeGreaterThan(1_000_000);
  expect(unpacked).toBeLessThan(10_000_000);
});

test('they hold the program, its licences and its compiled code', () => {
  const names = files.map(({ name }) =>
    name.replace(/compile-cache\/[^/]+\/[0-9a-f]{8}$/, 'compile-cache/*'),
  );
  const dist = distFiles.filter((file) => !/^(index|launch)\./.test(file)).map((file) => `dist/${file}`);
  const wanted = ['LICENSE', 'package.json', 'compile-cache/*', ...dist];
  expect([...new Set(names)].sort()).toEqual(wanted.map((name) => `opt/mcp-tls-sidecar/${name}`).sort());
});

test('everything belongs to root and is writable for nobody else, but the two directories for volumes', () => {
  const writable = entries.filter(({ mode, owner }) => owner !== '0/0' || /^.{5}w|^.{8}w|s|t/.test(mode));
  expect(writable).toEqual(
    ['run/mcp-tls-sidecar/', 'var/lib/mcp-tls-sidecar/'].map((name) => ({
      name,
      owner: '65532/65532',
      mode: 'drwxr-xr-x',
      bytes: 0,
    })),
  );
});

test('Node is all that can be run: no shell, npm or package manager', () => {
  const executables = globSync('**', { cwd: image.rootfs, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(image.rootfs, path.join(entry.parentPath, entry.name)))
    .filter((file) => (statSync(path.join(image.rootfs, file)).mode & 0o111) !== 0)
    // Shared libraries, and a script of Debian's base-files for which there is no shell.
    .filter((file) => !/\.so(\.[\d.]+)?$|^etc\/update-motd\.d\//.test(file));
  expect(executables).toEqual(['nodejs/bin/node']);
  for (const name of ['node_modules', 'src', 'package-lock.json'])
    expect(existsSync(path.join(image.rootfs, 'opt/mcp-tls-sidecar', name)), name).toBe(false);
});

test('user, signal, health check and labels are those of the documentation', () => {
  const { config } = image;
  expect(config).toMatchObject({
    User: '65532:65532',
    WorkingDir: '/run/mcp-tls-sidecar',
    StopSignal: 'SIGTERM',
    Cmd: ['serve'],
    Healthcheck: {
      Test: ['CMD', '/nodejs/bin/node', '/opt/mcp-tls-sidecar/dist/main.js', 'health'],
    },
  });
  expect(config.Labels).toMatchObject({
    'org.opencontainers.image.title': 'mcp-tls-sidecar',
    'org.opencontainers.image.licenses': 'Apache-2.0',
    'org.opencontainers.image.version': version,
    'org.opencontainers.image.revision': expect.stringMatching(/^[0-9a-f]{40}$/) as unknown,
    'org.opencontainers.image.base.name': baseName(),
  });
});

function baseName(): string | undefined {
  const dockerfile = readFileSync(path.resolve(import.meta.dirname, '../../Dockerfile'), 'utf8');
  return /^ARG BASE_IMAGE=(.*)$/m.exec(dockerfile)?.[1];
}

function inMegabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
