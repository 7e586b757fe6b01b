import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import { run } from './run.ts';
import { askEach, patienceSeconds, type Client, type Said, type Subject } from './subject.ts';

/** curl with `--cacert`. */
export async function curl(): Promise<Client> {
  const { stdout } = await run('curl', ['--version']);
  const [, version = '', tls = ''] = /^curl (\S+) .*?(OpenSSL\/\S+)/.exec(stdout) ?? [];
  // Else the directory of the system is believed beside the file.
  const emptyDirectory = temporaryDirectory();
  return {
    version: `${version} (${tls.replace('/', ' ')})`,
    judge: (subjects) => askEach(subjects, (subject) => fetchBy(subject, emptyDirectory)),
  };
}

async function fetchBy({ situation, port, files }: Subject, emptyDirectory: string): Promise<Said> {
  const { host } = situation.setUp();
  const { client } = files;
  const { code, stderr } = await run('curl', [
    ...['-q', '-sS', '-o', '/dev/null', '--max-time', `${patienceSeconds}`, '--noproxy', '*'],
    ...['--cacert', files.bundle, '--capath', emptyDirectory],
    ...(client === undefined ? [] : ['--cert', client.certificate, '--key', client.key]),
    ...['--resolve', `${host}:${port}:127.0.0.1`, `https://${host}:${port}/`],
  ]);
  return { accepts: code === 0, words: stderr.trim() };
}
