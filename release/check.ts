import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { distFiles } from './build.ts';
import { manifestProblems, type Manifest } from './manifest.ts';
import { allowedLicences } from './licences.ts';

const top = path.resolve(import.meta.dirname, '..');
/** For a release that is to go out, not one that is being worked on. */
const toPublish = process.argv.includes('--publish');

/** What is wrong, by what was looked at. */
const checks: Readonly<Record<string, () => string[]>> = {
  'dist/ is built, by allowed licences alone': built,
  'the package holds these files and no others': contents,
  'every bundled library has its licence in the package': licences,
  'package.json: entry points, engines, provenance': () => manifestProblems(manifest(), toPublish),
  'versions agree: package.json, lock file, CHANGELOG.md, Dockerfile': versions,
};

function built(): string[] {
  execFileSync(process.execPath, [path.join(top, 'release/build.ts')], {
    stdio: 'inherit',
    timeout: 120_000,
  });
  return distFiles
    .filter((file) => !existsSync(path.join(top, 'dist', file)))
    .map((file) => `dist/${file} is missing`);
}

function contents(): string[] {
  const wanted = [
    'CHANGELOG.md',
    'LICENSE',
    'README.md',
    'mcp-tls-sidecar.schema.json',
    'package.json',
    ...distFiles.map((file) => `dist/${file}`),
  ];
  const packed = packedFiles();
  return [
    ...packed
      .filter((file) => !wanted.includes(file))
      .map((file) => `${file} is in the package and should not be`),
    ...wanted.filter((file) => !packed.includes(file)).map((file) => `${file} is not in the package`),
  ];
}

function packedFiles(): string[] {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: top,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
  });
  const [pack] = Object.values(JSON.parse(json) as Record<string, { files: { path: string }[] }>);
  return pack?.files.map((file) => file.path) ?? [];
}

function licences(): string[] {
  const { components } = JSON.parse(read('dist/sbom.cdx.json')) as {
    components: { name: string; version: string; licenses: { license: { id: string } }[] }[];
  };
  const texts = read('dist/THIRD-PARTY-LICENSES.txt');
  return components.flatMap(({ name, version, licenses }) => {
    const ids = licenses.map(({ license }) => license.id);
    return [
      ...ids.filter((id) => !allowedLicences.includes(id)).map((id) => `${name} is under ${id}`),
      ...(texts.includes(`\n${name} ${version} (${ids.join()})\n`)
        ? []
        : [`the licence of ${name} is missing`]),
    ];
  });
}

function versions(): string[] {
  const { version } = manifest();
  const [, inChangelog, state] = /^## (\S+) \(([^)]+)\)$/m.exec(read('CHANGELOG.md')) ?? [];
  const [, inDockerfile] = /^ARG VERSION=(\S+)$/m.exec(read('Dockerfile')) ?? [];
  const lock = JSON.parse(read('package-lock.json')) as { version: string };
  const isDated = /^\d{4}-\d\d-\d\d$/.test(state ?? '');
  return [
    ...[
      ['package-lock.json', lock.version],
      ['the top of CHANGELOG.md', inChangelog],
      ['ARG VERSION of the Dockerfile', inDockerfile],
    ].flatMap(([where, other]) =>
      other === version ? [] : [`${where} says ${other}, package.json ${version}`],
    ),
    ...(isDated || state === 'unreleased'
      ? []
      : ['the top of CHANGELOG.md has neither a date nor "unreleased"']),
    ...(isDated || !toPublish ? [] : ['the top of CHANGELOG.md has no date']),
    ...(read('package-lock.json').includes('"resolved"')
      ? ['package-lock.json holds addresses of a registry']
      : []),
  ];
}

function manifest(): Manifest {
  return JSON.parse(read('package.json')) as Manifest;
}

function read(file: string): string {
  return readFileSync(path.join(top, file), 'utf8');
}

let failed = 0;
for (const [name, run] of Object.entries(checks)) {
  const problems = run();
  failed += problems.length;
  console.log(`${problems.length === 0 ? 'pass' : 'FAIL'}  ${name}`);
  for (const problem of problems) console.log(`      ${problem}`);
}
if (manifest().private === true)
  console.log('held  "private": true stays until the repository has its public address (docs/release.md)');
process.exitCode = failed === 0 ? 0 : 1;
