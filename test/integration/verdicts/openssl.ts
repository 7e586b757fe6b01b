import { isIP } from 'node:net';
import { run } from './run.ts';
import { askEach, type Client, type Said, type Subject } from './subject.ts';

/** `openssl verify` on the very chain that is presented, as a TLS client asks it. */
export async function opensslVerify(...flags: readonly string[]): Promise<Client> {
  const { stdout } = await run('openssl', ['version']);
  return {
    version: /^OpenSSL (\S+)/.exec(stdout)?.[1] ?? '',
    judge: (subjects) => askEach(subjects, (subject) => verify(subject, flags)),
  };
}

async function verify({ situation, files }: Subject, flags: readonly string[]): Promise<Said | undefined> {
  const { expected, setUp } = situation;
  const isAboutCertificate = expected === 'accepted' || expected.startsWith('tls_cert_');
  if (!isAboutCertificate || files.leaf === undefined || files.chain === undefined) return undefined;
  const { host } = setUp();
  const { code, stderr } = await run('openssl', [
    ...['verify', '-partial_chain', '-purpose', 'sslserver', ...flags],
    ...['-no-CAfile', '-no-CApath', '-no-CAstore', '-CAfile', files.bundle, '-untrusted', files.chain],
    ...[isIP(host) === 0 ? '-verify_hostname' : '-verify_ip', host, files.leaf],
  ]);
  const words = /^error \d+ at \d+ depth lookup: (.*)$/m.exec(stderr)?.[1] ?? stderr.trim();
  return { accepts: code === 0, words };
}
