import type { X509Certificate } from 'node:crypto';
import { createBundle, type BundleResult } from './bundle.ts';
import { getOrCreate } from './get-or-create.ts';
import { noCertificateFault, parseCertificates } from './parse-certificates.ts';
import { FileFault, isDirectory, listCaDirectory, readRegularFile, type FileBytes } from './read-file.ts';

/** The certificates of files, by the SHA-256 of their bytes. */
export type ParsedFiles = ReadonlyMap<string, X509Certificate[]>;

/** Reads files for one configuration: each path once, and remembers what it saw, for the watcher and the next reload. */
export class FileReader {
  readonly #known: ParsedFiles;
  readonly #parsed = new Map<string, X509Certificate[]>();
  readonly #files = new Map<string, Promise<FileBytes | FileFault>>();
  readonly #directories = new Map<string, Promise<string[] | FileFault>>();

  /** @param known what the last configuration parsed: the same bytes are not parsed again */
  constructor(known: ParsedFiles = new Map()) {
    this.#known = known;
  }

  /** What this configuration parsed. */
  get parsed(): ParsedFiles {
    return this.#parsed;
  }

  /** The certificates of a PEM file; none is no fault yet. */
  certificatesOf({ bytes, sha256 }: FileBytes): X509Certificate[] | FileFault {
    const certificates =
      this.#parsed.get(sha256) ?? this.#known.get(sha256) ?? parseCertificates(bytes.toString('latin1'));
    if (!(certificates instanceof FileFault)) this.#parsed.set(sha256, certificates);
    return certificates;
  }

  read(file: string): Promise<FileBytes | FileFault> {
    return getOrCreate(this.#files, file, () => readRegularFile(file));
  }

  list(directory: string): Promise<string[] | FileFault> {
    return getOrCreate(this.#directories, directory, () => listCaDirectory(directory));
  }

  /** Every file and directory asked for so far, with a digest of what was there. */
  async seen(): Promise<ReadonlyMap<string, string>> {
    const digests = new Map<string, string>();
    for (const [file, result] of this.#files) digests.set(file, digestFile(await result));
    for (const [directory, result] of this.#directories) digests.set(directory, digestListing(await result));
    return digests;
  }
}

function digestFile(result: FileBytes | FileFault): string {
  return result instanceof FileFault ? result.message : result.sha256;
}

function digestListing(result: string[] | FileFault): string {
  return result instanceof FileFault ? result.message : result.join('\n');
}

/** What a path holds now, in the terms of {@link FileReader.seen}: equal digests mean that nothing changed. */
export async function digestPath(file: string): Promise<string> {
  if ((await isDirectory(file)) === true) return digestListing(await listCaDirectory(file));
  return digestRegularFile(file);
}

/** The same of a path that is only ever read as a file, as the YAML is: a directory there is a fault. */
export async function digestRegularFile(file: string): Promise<string> {
  return digestFile(await readRegularFile(file));
}

/** Loads `ssl_verify: /path`: a PEM file or a directory of them. */
export async function loadBundle(path: string, files: FileReader): Promise<BundleResult> {
  const directory = await isDirectory(path);
  if (directory === true) return loadDirectory(path, files);
  const file = await files.read(path);
  if (file instanceof FileFault) return file;
  const certificates = files.certificatesOf(file);
  if (certificates instanceof FileFault) return certificates;
  return certificates.length === 0 ? noCertificateFault(file.bytes) : createBundle(path, certificates);
}

async function loadDirectory(directory: string, files: FileReader): Promise<BundleResult> {
  const names = await files.list(directory);
  if (names instanceof FileFault) return names;
  const certificates: X509Certificate[] = [];
  for (const name of names) {
    const file = await files.read(name);
    if (file instanceof FileFault) return new FileFault(`holds ${name}, which ${file.message}`, file.hint);
    const found = files.certificatesOf(file);
    if (found instanceof FileFault) return new FileFault(`holds ${name}, which ${found.message}`, found.hint);
    certificates.push(...found);
  }
  if (certificates.length > 0) return createBundle(directory, certificates);
  return new FileFault(
    'is a directory without any certificate',
    'put PEM files whose names end in .pem, .crt or .cer into it',
  );
}

/** Loads `ssl_verify: "-----BEGIN CERTIFICATE-----…"`. */
export function parseInlineBundle(pem: string): BundleResult {
  const certificates = parseCertificates(pem);
  if (certificates instanceof FileFault) return certificates;
  return certificates.length === 0
    ? noCertificateFault(Buffer.from(pem))
    : createBundle('inline PEM', certificates);
}
