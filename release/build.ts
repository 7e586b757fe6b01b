import { cpSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import path from 'node:path';
import { rolldown, type Plugin } from 'rolldown';
import ts from 'typescript';
import { bundledPackages, renderBom, renderLicences } from './licences.ts';

const top = path.resolve(import.meta.dirname, '..');
const dist = path.join(top, 'dist');

/** Every file of dist/, which is every file that runs in the package and in the image. */
export const distFiles = [
  'THIRD-PARTY-LICENSES.txt',
  'app.js',
  'check.js',
  'doctor.js',
  'health.js',
  'index.d.ts',
  'index.js',
  'launch.js',
  'main.js',
  'page/status.css',
  'page/status.html',
  'page/status.js',
  'sbom.cdx.json',
  'serve.js',
] as const;

/** Writes dist/ anew: what `npm pack` and the image take. @see docs/decisions/0010-one-bundle.md */
async function build(): Promise<void> {
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  const modules = await bundle();
  const packages = bundledPackages(modules);
  copyPage();
  cpSync(path.join(top, 'release/launch.js'), path.join(dist, 'launch.js'));
  writeFileSync(path.join(dist, 'index.d.ts'), declarations('src/index.ts'));
  writeFileSync(path.join(dist, 'THIRD-PARTY-LICENSES.txt'), renderLicences(packages));
  writeFileSync(path.join(dist, 'sbom.cdx.json'), renderBom(packages));
}

/**
 * Takes Node's own modules as they are. An `import` of one first reads each of its exports, and at `node:http` that
 * loads a whole HTTP client which we do not use: 30 of 220 ms until ready.
 */
const plainBuiltins: Plugin = {
  name: 'plain-builtins',
  // What rolldown's own runtime is made of stays as it is.
  resolveId: (id) => (isBuiltin(id) && !id.endsWith('module') ? `\0${id}` : undefined),
  load: (id) =>
    id.startsWith('\0') && isBuiltin(id.slice(1))
      ? { code: `module.exports = process.getBuiltinModule('${id.slice(1)}');`, moduleType: 'js' }
      : undefined,
};

/**
 * In place of parts of libraries that nothing here uses, but that are loaded at each start, and modules of Node's with
 * them.
 */
const standIns: Plugin = {
  name: 'stand-ins',
  resolveId: (id, importer = '') => {
    const name = id.startsWith('.')
      ? path.join(path.dirname(importer), id).replace(/^.*node_modules\//, '')
      : id;
    return name in standInOf ? `\0stand-in:${name}` : undefined;
  },
  load: (id) => {
    const code = standInOf[id.replace('\0stand-in:', '')];
    return code === undefined ? undefined : { code, moduleType: 'js' };
  },
};

const standInOf: Readonly<Record<string, string>> = {
  // Without its push gateway and its cluster, for which it loads node:cluster, https and zlib.
  'prom-client': `
    export { default as Counter } from 'prom-client/lib/counter.js';
    export { default as Gauge } from 'prom-client/lib/gauge.js';
    export { default as Histogram } from 'prom-client/lib/histogram.js';
    export { default as Registry } from 'prom-client/lib/registry.js';
    export { default as collectDefaultMetrics } from 'prom-client/lib/defaultMetrics.js';`,
  // prom-client asks for it only where exemplars are on, which they are not.
  '@opentelemetry/api': 'export {};',
  // Worker threads, for transports: there are none. pino asks besides whether it is in one, and if not cares for lines
  // that are left at the exit, which does no harm in either.
  'pino/lib/transport': 'export {};',
  worker_threads: 'export const isMainThread = true;',
  // sonic-boom's one check of an argument.
  assert: 'module.exports = (isSo, message) => { if (!isSo) throw new TypeError(message); };',
};

/** Not what another command loads for itself. */
const isOfServe = (id: string): boolean => !/\/src\/(main|index|cli\/(check|doctor|health))\.ts$/.test(id);

/** Bundles the sources with their libraries. @returns the files that have a part in it */
async function bundle(): Promise<string[]> {
  const bundle = await rolldown({
    cwd: top,
    input: { main: 'src/main.ts', index: 'src/index.ts' },
    platform: 'node',
    plugins: [standIns, plainBuiltins],
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  const { output } = await bundle.write({
    dir: dist,
    format: 'esm',
    // All that `serve` loads in one file: each costs a millisecond to be found.
    codeSplitting: { groups: [{ name: 'app', test: isOfServe }] },
    // Names that are told to release/check.ts; and no minification: a stack trace in a log has to be legible.
    chunkFileNames: '[name].js',
    comments: false,
    // One character beyond Latin-1 would have V8 keep the whole text in two bytes a character.
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: false, asciiOnly: true } },
  });
  await bundle.close();
  return output.flatMap((file) => (file.type === 'chunk' ? file.moduleIds : []));
}

/** The parts of the status page, which are read beside the file that the code is in. */
function copyPage(): void {
  for (const part of globSync('page/*.{html,css,js}', { cwd: path.join(top, 'src/admin') }))
    cpSync(path.join(top, 'src/admin', part), path.join(dist, part));
}

/** The types of the public module: they stand by themselves, so that a consumer needs no types of our libraries. */
function declarations(file: string): string {
  const { outputText, diagnostics = [] } = ts.transpileDeclaration(
    readFileSync(path.join(top, file), 'utf8'),
    {
      fileName: path.basename(file),
      reportDiagnostics: true,
      compilerOptions: { isolatedDeclarations: true, declaration: true, strict: true, stripInternal: true },
    },
  );
  const [fault] = diagnostics;
  if (fault !== undefined) throw new Error(ts.flattenDiagnosticMessageText(fault.messageText, '\n'));
  if (/\bimport\b[ (]+[{'"*]/.test(outputText.replace(/\/\*[^]*?\*\//g, '')))
    throw new Error(`the declarations of ${file} import something: declare it there`);
  return outputText;
}

if (import.meta.main) await build();
