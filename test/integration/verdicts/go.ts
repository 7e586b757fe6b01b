import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { run } from './run.ts';
import { describeSubjects, patienceSeconds, type Client, type Said } from './subject.ts';

const source = fileURLToPath(new URL('go-client/main.go', import.meta.url));

/** crypto/tls of Go, as kagent and many gateways use it; undefined where Go is not installed, which no test needs. */
export async function go(): Promise<Client | undefined> {
  const version = /go(\d\S*)/.exec((await run('go', ['version'])).stdout)?.[1];
  if (version === undefined) return undefined;
  const program = join(temporaryDirectory(), 'client');
  const built = await run('go', ['build', '-o', program, source]);
  if (built.code !== 0) throw new Error(`the Go client does not build: ${built.stderr}`);
  return {
    version,
    judge: async (subjects) => {
      const result = await run(program, [`${patienceSeconds}`], describeSubjects(subjects));
      if (result.code !== 0) throw new Error(`the Go client failed: ${result.stderr}`);
      return new Map(JSON.parse(result.stdout) as [string, Said][]);
    },
  };
}
