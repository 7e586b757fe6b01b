import { execFileSync } from 'node:child_process';
import { chownSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    readonly image: Image;
  }
}

/** The image, as a registry would be given it, and unpacked. */
export interface Image {
  readonly config: ImageConfig;
  /** Tar archives, the base's first. */
  readonly layers: readonly Layer[];
  /** The file system of a container. */
  readonly rootfs: string;
  /** What it was built from. */
  readonly context: string;
}

/** @see https://github.com/opencontainers/image-spec/blob/main/config.md */
export interface ImageConfig {
  readonly User: string;
  readonly Env: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly StopSignal: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Healthcheck: { readonly Test: readonly string[] };
}

export interface Layer {
  readonly file: string;
  readonly digest: string;
  /** As it is transferred. */
  readonly bytes: number;
}

const top = path.resolve(import.meta.dirname, '../..');

/** Builds the image once for all tests. */
export default function setUp({ provide }: TestProject): () => void {
  if (process.getuid?.() !== 0)
    throw new Error('buildah and runc need root here: sudo -E npm run test:image');
  const work = mkdtempSync(path.join(tmpdir(), 'mcp-tls-sidecar-image-'));
  const startedAt = performance.now();
  const context = path.join(work, 'context');
  for (const source of ['Dockerfile', '.dockerignore', ...sources()])
    cpSync(path.join(top, source), path.join(context, source), { recursive: true });
  const image = build('mcp-tls-sidecar:test', path.join(work, 'image'), context);
  const rootfs = path.join(work, 'rootfs');
  mkdirSync(rootfs);
  for (const { file } of image.layers)
    execFileSync('tar', ['-xpf', file, '-C', rootfs, '--numeric-owner', '--same-owner']);
  process.stdout.write(`built the image in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  provide('image', { ...image, rootfs, context });
  return () => rmSync(work, { recursive: true, force: true });
}

/** What of the checkout a build may see. */
function sources(): string[] {
  const lines = readFileSync(path.join(top, '.dockerignore'), 'utf8').split('\n');
  return lines.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
}

/** Builds the image into a directory. */
export function build(tag: string, directory: string, context: string): Pick<Image, 'config' | 'layers'> {
  execFileSync(path.join(top, 'image/build.sh'), [tag, directory, context], {
    env: { ...process.env, SOURCE_DATE_EPOCH: '1767225600' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 600_000,
  });
  const blob = (digest: string) => path.join(directory, digest.replace('sha256:', ''));
  const manifest = readJson(path.join(directory, 'manifest.json')) as {
    config: { digest: string };
    layers: { digest: string; size: number }[];
  };
  const { config } = readJson(blob(manifest.config.digest)) as { config: ImageConfig };
  const layers = manifest.layers.map(({ digest, size }) => ({ file: blob(digest), digest, bytes: size }));
  return { config, layers };
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** A directory that the user of the image may write to, as an emptyDir with its fsGroup is. */
export function writableByTheImage(directory: string): string {
  mkdirSync(directory, { recursive: true });
  chownSync(directory, 65532, 65532);
  return directory;
}
