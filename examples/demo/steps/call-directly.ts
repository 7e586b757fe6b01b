import { codeOf, connectClient, wordsOf } from '../sdk-client.ts';
import { initialize, postFromPython, type StrictPython } from '../strict-python.ts';
import type { Files, Stage } from '../stage.ts';

export async function callDirectly(
  { report }: Stage,
  { url, files, python }: { url: string; files: Files; python: StrictPython | undefined },
): Promise<void> {
  report.step('Call it directly');
  const error = await connectClient(url).then(
    ({ client }) => client.close(),
    (thrown: unknown) => thrown,
  );
  report.observe({
    worked: error === undefined,
    what: `MCP TypeScript SDK on Node ${process.versions.node}, which does not know the CA`,
    details: [error === undefined ? 'connected' : wordsOf(error)],
    claim: 'a client that does not know the CA refuses the certificate',
    asClaimed: codeOf(error) === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  });
  if (python === undefined) {
    report.note('(no Python 3.10 or later found: its stricter verification is not shown)');
    return;
  }
  const result = await postFromPython(python, { url, caFile: files.goodCa, body: initialize });
  const words = 'error' in result ? result.error : `HTTP ${result.status}`;
  report.observe({
    worked: !('error' in result),
    what: `Python ${python.version}, although it is given the CA file`,
    details: python.needsFlags ? [flags, words] : [words],
    claim: 'Python refuses the certificate for want of an Authority Key Identifier',
    asClaimed: /CERTIFICATE_VERIFY_FAILED.*Missing Authority Key Identifier/.test(words),
  });
}

const flags =
  '(with VERIFY_X509_STRICT and VERIFY_X509_PARTIAL_CHAIN set, as Python 3.13 has them by itself)';
