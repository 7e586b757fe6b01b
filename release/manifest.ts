/** What of package.json a release depends on. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly private?: boolean;
  readonly type?: string;
  readonly engines?: { readonly node?: string };
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly files?: readonly string[];
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
  readonly repository?: { readonly type?: string; readonly url?: string };
}

/** Scripts that would run on the machine of whoever installs the package. */
const installScripts = ['preinstall', 'install', 'postinstall', 'prepare', 'preprepare', 'postprepare'];

/** Node as in the documentation; a package that promises more or less is broken for somebody. */
const engines = '^24.17.0 || >=26.3.1';

/**
 * What stands in the way of a release.
 *
 * @param toPublish also ask for what only a release that goes out has
 */
export function manifestProblems(manifest: Manifest, toPublish: boolean): string[] {
  const { bin = {}, exports = {}, files = [], scripts = {}, publishConfig = {}, repository } = manifest;
  const rules: readonly (readonly [boolean, string])[] = [
    [manifest.name === 'mcp-tls-sidecar', 'name is not mcp-tls-sidecar'],
    [manifest.license === 'Apache-2.0', 'license is not Apache-2.0'],
    [manifest.type === 'module', 'type is not module'],
    [manifest.engines?.node === engines, `engines.node is not ${engines}`],
    [bin['mcp-tls-sidecar'] === 'dist/launch.js', 'bin does not lead to dist/launch.js'],
    [hasTypes(exports['.']), 'exports has no types, first, for the module'],
    [
      files.length > 0 && !files.some((file) => /^(src|test|\.|\*)/.test(file)),
      'files takes more than what is built',
    ],
    [Object.keys(manifest.dependencies ?? {}).length === 0, 'dependencies: a library is not in the bundle'],
    [!installScripts.some((script) => script in scripts), 'a script would run at the installation'],
    [publishConfig.access === 'public', 'publishConfig.access is not public'],
    [publishConfig.provenance === true, 'publishConfig.provenance is not true'],
    [
      isRepository(repository) || (repository === undefined && manifest.private === true),
      'repository is not a git+https address, by which provenance is verified',
    ],
    [!toPublish || manifest.private !== true, 'private is true: docs/release.md says what is missing'],
  ];
  return rules.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

function hasTypes(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null) return false;
  // TypeScript takes the first condition that fits.
  return Object.keys(entry).join() === 'types,default';
}

function isRepository(repository: Manifest['repository']): boolean {
  return repository?.type === 'git' && /^git\+https:\/\/[^\s@]+\.git$/.test(repository.url ?? '');
}
