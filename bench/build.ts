import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Way } from './subjects/sidecar.ts';

const top = resolve(import.meta.dirname, '..');

/** A checkout of its own with its `dist/`: what is measured does not change while somebody works. */
export interface Build {
  readonly directory: string;
  /** The file that Node is given: in the image, in the package, and in a checkout. */
  readonly main: Readonly<Record<Way, string>>;
  /** What Node is told in the image: its options, and the environment. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Copies the sources, builds them as `npm run build` does, and fills V8's code cache as the image does. */
export function build(into: string): Build {
  mkdirSync(into);
  for (const part of ['src', 'release', 'image', 'package.json', 'LICENSE', 'Dockerfile'])
    cpSync(join(top, part), join(into, part), { recursive: true });
  symlinkSync(join(top, 'node_modules'), join(into, 'node_modules'));
  execFileSync(process.execPath, [join(into, 'release/build.ts')], { cwd: into, timeout: 120_000 });
  const main = {
    image: join(into, 'dist/main.js'),
    package: join(into, 'dist/launch.js'),
    source: join(into, 'src/main.ts'),
  };
  const cache = join(into, 'compile-cache');
  execFileSync(process.execPath, [join(into, 'image/fill-cache.ts'), main.image, cache], {
    timeout: 120_000,
  });
  const { flags, env } = readDockerfile();
  return { directory: into, main, flags, env: { ...env, NODE_COMPILE_CACHE: cache } };
}

/** The options and the environment of the last stage, so that the benchmark has them as soon as the image. */
function readDockerfile(): Pick<Build, 'flags' | 'env'> {
  const text = readFileSync(join(top, 'Dockerfile'), 'utf8');
  const stage = text.slice(text.lastIndexOf('\nFROM '));
  const entry = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(stage)?.[1] ?? '[]') as string[];
  const block = /^ENV ((?:.*\\\n)*.*)$/m.exec(stage)?.[1] ?? '';
  const env = [...block.matchAll(/(\w+)=("[^"]*"|\S+)/g)].map(([, name = '', value = '']) => [
    name,
    value.replaceAll('"', ''),
  ]);
  return {
    flags: entry.filter((argument) => argument.startsWith('--')),
    env: Object.fromEntries(env) as Record<string, string>,
  };
}
