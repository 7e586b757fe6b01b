import { fileURLToPath } from 'node:url';
import { strictPython } from '../../harness/require-tool.ts';
import { run } from './run.ts';
import { describeSubjects, patienceSeconds, type Client, type Said } from './subject.ts';

const script = fileURLToPath(new URL('client.py', import.meta.url));

/** CPython's default context, as httpx and LiteLLM make it; undefined where there is none that is strict. */
export async function python(): Promise<Client | undefined> {
  const found = strictPython();
  if (found === undefined) return undefined;
  const { stdout } = await run(found.path, ['-c', 'import ssl; print(ssl.OPENSSL_VERSION)']);
  const openssl = /^\S+ \S+/.exec(stdout)?.[0] ?? '';
  return {
    version: `${found.version} (${openssl})${found.needsFlags ? ', told to be strict' : ''}`,
    judge: async (subjects) => {
      const args = [script, `${patienceSeconds}`, ...(found.needsFlags ? ['--strict'] : [])];
      const result = await run(found.path, args, describeSubjects(subjects));
      if (result.code !== 0) throw new Error(`the Python client failed: ${result.stderr}`);
      return new Map(JSON.parse(result.stdout) as [string, Said][]);
    },
  };
}
