import { X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import { createBundle, joinBundles, type BundleResult } from './bundle.ts';
import { loadBundle, type FileReader } from './load-bundle.ts';
import { FileFault, isDirectory } from './read-file.ts';

/** Where operating systems keep their trust store as one file, in the order in which they are looked for. */
export const systemStores = [
  { file: '/etc/ssl/certs/ca-certificates.crt', of: 'Debian, Ubuntu, Alpine, Arch, distroless images' },
  { file: '/etc/pki/tls/certs/ca-bundle.crt', of: 'RHEL, Fedora, CentOS, Amazon Linux' },
  { file: '/etc/ssl/ca-bundle.pem', of: 'SUSE' },
  { file: '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem', of: 'RHEL in minimal images' },
  { file: '/etc/ssl/cert.pem', of: 'Alpine without ca-certificates; macOS without a keychain' },
] as const;

/** What {@link loadDefaultTrust} reads besides files. */
export interface DefaultTrustOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly files: FileReader;
  readonly platform?: NodeJS.Platform;
  /** A folder in place of `/` for the store of the system, for tests: a machine has the store of one system only. */
  readonly root?: string;
  /** The certificates of macOS that are trusted, as PEM; left out, Node asks for them. */
  readonly keychain?: () => readonly string[];
}

/**
 * Default trust: `SSL_CERT_FILE` and `SSL_CERT_DIR` if either is set (they replace it whole), else the operating
 * system's store, else the Mozilla roots inside Node. Node's own `tls.getCACertificates('system')` is not asked on
 * Linux: it is cached for the process and mixes SSL_CERT_FILE with the default directory.
 */
export async function loadDefaultTrust(options: DefaultTrustOptions): Promise<BundleResult> {
  const { SSL_CERT_FILE: file, SSL_CERT_DIR: directory } = options.env;
  if (file || directory) return loadNamedTrust({ file, directory }, options.files);
  if ((options.platform ?? process.platform) === 'darwin') {
    const keychain = (options.keychain ?? (() => tls.getCACertificates('system')))();
    if (keychain.length > 0) return fromPem('the system keychain', keychain);
  }
  for (const { file: store } of systemStores) {
    const place = `${options.root ?? ''}${store}`;
    if ((await isDirectory(place)) !== false) continue;
    return loadBundle(place, options.files);
  }
  return fromPem('the Mozilla roots inside Node', tls.getCACertificates('bundled'));
}

async function loadNamedTrust(
  named: { file: string | undefined; directory: string | undefined },
  files: FileReader,
): Promise<BundleResult> {
  const parts: BundleResult[] = [];
  if (named.file) parts.push(prefixFault(`SSL_CERT_FILE ${named.file}`, await loadBundle(named.file, files)));
  // OpenSSL takes a list, separated as PATH is.
  for (const directory of named.directory?.split(':').filter((one) => one !== '') ?? [])
    parts.push(prefixFault(`SSL_CERT_DIR ${directory}`, await loadBundle(directory, files)));
  if (parts.length === 0)
    return new FileFault('SSL_CERT_DIR names no directory', 'name one, or unset the variable');
  return parts.reduce((all, one) => {
    if (all instanceof FileFault) return all;
    return one instanceof FileFault ? one : joinBundles(all, one);
  });
}

function prefixFault(name: string, result: BundleResult): BundleResult {
  if (!(result instanceof FileFault)) return { ...result, source: name };
  return new FileFault(`${name} ${result.message}`, `${result.hint}, or unset the variable`);
}

function fromPem(source: string, pems: readonly string[]): BundleResult {
  return createBundle(
    source,
    pems.map((pem) => new X509Certificate(pem)),
  );
}
