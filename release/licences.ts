import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

/** A package whose code is in dist/. */
export interface BundledPackage {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression. */
  readonly license: string;
  readonly licenceText: string;
}

/** Licences that ask for no more than to keep their text with the code, as THIRD-PARTY-LICENSES.txt does. */
export const allowedLicences: readonly string[] = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
];

const licenceFile = /^(licen[cs]e|copying|notice)(\.(md|txt))?$/i;

/**
 * The packages that a bundle is made of, by name.
 *
 * @param modules the paths of the files in it
 * @throws where a licence is missing or not among those allowed
 */
export function bundledPackages(modules: readonly string[]): BundledPackage[] {
  const directories = new Set(modules.flatMap(packageDirectory));
  return [...directories].map(readPackage).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function packageDirectory(file: string): string[] {
  const match = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file);
  return match === null ? [] : [match[0]];
}

function readPackage(directory: string): BundledPackage {
  const { name, version, license } = JSON.parse(
    readFileSync(path.join(directory, 'package.json'), 'utf8'),
  ) as BundledPackage;
  if (!allowedLicences.includes(license))
    throw new Error(`${name} ${version} is under ${license}, which is not among the licences allowed here`);
  const texts = readdirSync(directory)
    .filter((file) => licenceFile.test(file))
    .sort()
    .map((file) => readFileSync(path.join(directory, file), 'utf8').trim());
  if (texts.length === 0) throw new Error(`${name} ${version} has no file with its licence (${license})`);
  return { name, version, license, licenceText: texts.join('\n\n') };
}

/** The text of THIRD-PARTY-LICENSES.txt. */
export function renderLicences(packages: readonly BundledPackage[]): string {
  const introduction =
    'The files of this directory contain code of these packages, each under its own licence.';
  const rule = '-'.repeat(80);
  const sections = packages.map(
    ({ name, version, license, licenceText }) =>
      `${rule}\n${name} ${version} (${license})\n\n${licenceText}\n`,
  );
  return [`${introduction}\n`, ...sections].join('\n');
}

/** A CycloneDX document, by which scanners see what is inside a bundle. */
export function renderBom(packages: readonly BundledPackage[]): string {
  const components = packages.map(({ name, version, license }) => ({
    type: 'library',
    'bom-ref': purl(name, version),
    name,
    version,
    licenses: [{ license: { id: license } }],
    purl: purl(name, version),
  }));
  const bom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, components };
  return `${JSON.stringify(bom, null, 2)}\n`;
}

function purl(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
