import { execFile, execFileSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A Python whose TLS verification is that of CPython 3.13. */
export interface StrictPython {
  readonly path: string;
  readonly version: string;
  /** True: an older one, where the script must set `VERIFY_X509_STRICT | VERIFY_X509_PARTIAL_CHAIN` itself. */
  readonly needsFlags: boolean;
}

/** Finds a CPython >= 3.13, else one >= 3.10 that can be told to be as strict. */
export function findStrictPython(): StrictPython | undefined {
  const installed = globSync(join(homedir(), '.pyenv/versions/3.1*/bin/python3'));
  let older: StrictPython | undefined;
  for (const path of ['python3', 'python3.14', 'python3.13', ...installed]) {
    const version = pythonVersion(path);
    const minor = Number(/^3\.(\d+)/.exec(version)?.[1] ?? 0);
    if (minor >= 13) return { path, version, needsFlags: false };
    if (minor >= 10) older ??= { path, version, needsFlags: true };
  }
  return older;
}

/** Asks the interpreter itself: pyenv has shims on the PATH for versions that then refuse to run. */
function pythonVersion(path: string): string {
  const script = 'import platform, ssl; print(platform.python_version())';
  try {
    const stdio = ['ignore', 'pipe', 'ignore'] as ['ignore', 'pipe', 'ignore'];
    return execFileSync(path, ['-c', script], { encoding: 'utf8', stdio, timeout: 10_000 }).trim();
  } catch {
    return '';
  }
}

/** As a client that lives in Python meets a server: the context is the one that httpx and LiteLLM make. */
const script = `
import json, ssl, sys, urllib.error, urllib.request
url, ca_file, flags, body, proxy = sys.argv[1:]
context = ssl.create_default_context(cafile=ca_file)
if flags == "strict":
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
request = urllib.request.Request(url, body.encode(), headers)
https = urllib.request.HTTPSHandler(context=context)
proxies = {"https": proxy} if proxy else {}
opener = urllib.request.build_opener(urllib.request.ProxyHandler(proxies), https)
try:
    with opener.open(request, timeout=10) as response:
        print(json.dumps({"status": response.status, "body": response.read().decode()}))
except urllib.error.HTTPError as error:
    print(json.dumps({"status": error.code, "body": error.read().decode()}))
except urllib.error.URLError as error:
    print(json.dumps({"error": str(error.reason)}))
`;

/** What Python met: an answer, or the words of its error. */
export type PythonResult = { readonly status: number; readonly body: string } | { readonly error: string };

const run = promisify(execFile);

/** POSTs a body to a URL, trusting a CA file. @param proxy as `HTTPS_PROXY` would name it; left out, none */
export async function postFromPython(
  python: StrictPython,
  { url, caFile, body, proxy = '' }: { url: string; caFile: string; body: string; proxy?: string },
): Promise<PythonResult> {
  const args = ['-c', script, url, caFile, python.needsFlags ? 'strict' : '', body, proxy];
  // The demo's server is on localhost, which a NO_PROXY rightly exempts.
  const env = { ...process.env, NO_PROXY: '', no_proxy: '' };
  const { stdout } = await run(python.path, args, { timeout: 20_000, env });
  return JSON.parse(stdout) as PythonResult;
}

/** What every MCP client says first. */
export const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'python', version: '1' } },
});
