import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Situation } from './situation.ts';
import { catalogue, chapters } from './situations.ts';
import { writeSituation } from './write-situation.ts';

/** Writes every situation into a folder of its own, and a README beside them. Returns how many they are. */
export function writeCatalogue(directory: string): number {
  for (const situation of catalogue) writeSituation(directory, situation);
  writeFileSync(join(directory, 'README.md'), readme());
  return catalogue.length;
}

function readme(): string {
  return `# Certificates for trying things out

**Never trust any of these.** Their private keys lie beside them for everybody to read, and most of them are wrong on
purpose. No bundle of this folder belongs into a trust store, a browser or a configuration that is in use; no key of it
onto a server that others reach. They are made anew, with new keys, by each \`npm run certs\`; delete the folder when you are done.

Each folder is one situation of \`certs-fixtures/situations.ts\`: \`bundle.pem\` is what the client trusts, \`server.pem\` the
server's certificate, \`server-chain.pem\` what it presents, \`server.key\` its key; \`client.pem\` and \`client.key\` are what the
client shows. What every client makes of them is in \`docs/verdicts.md\`. To serve one, and to dial it:

    cd aki-missing-leaf
    openssl s_server -accept 127.0.0.1:8443 -www -cert server.pem -cert_chain server-chain.pem -key server.key
    curl --cacert bundle.pem --resolve mcp.test:8443:127.0.0.1 https://mcp.test:8443/

${chapters.map(({ title, situations }) => `## ${title}\n\n${situations.map(line).join('\n')}\n`).join('\n')}`;
}

function line({ id, title, because, setUp }: Situation): string {
  return `- \`${id}\`: ${title}; dialled as \`${setUp().host}\`. ${because}`;
}
