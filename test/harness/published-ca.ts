import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';

/** Where each sidecar publishes its CA, by the `host:port` at which the tests reach its proxy listener. */
const directories = new Map<string, string>();
/** The bundle holds the default trust too, which takes a while to parse. */
const contexts = new Map<string, SecureContext>();

/** `ca.directory` of a sidecar whose configuration says nothing else. */
export function caDirectoryIn(workingDirectory: string): string {
  return join(workingDirectory, 'mcp-tls-sidecar-ca');
}

/** Remembers where a sidecar publishes its CA. */
export function rememberCa(proxy: string, directory: string): void {
  directories.set(proxy, directory);
}

/** The file that clients of the CONNECT route are given. */
export function caBundleFile(proxy: string): string {
  const directory = directories.get(proxy);
  if (directory === undefined) throw new Error(`no sidecar of the tests listens on ${proxy}`);
  return join(directory, 'ca-bundle.pem');
}

/** A client's trust in what the sidecar at an address publishes now. */
export function trustInCa(proxy: string): SecureContext {
  const ca = readFileSync(caBundleFile(proxy), 'utf8');
  const context = contexts.get(ca) ?? createSecureContext({ ca });
  contexts.set(ca, context);
  return context;
}
