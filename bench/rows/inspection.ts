import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Registry } from 'prom-client';
import { createBundle } from '../../src/trust/bundle.ts';
import { parseCertificates } from '../../src/trust/parse-certificates.ts';
import { FileFault } from '../../src/trust/read-file.ts';
import { createTrustContext } from '../../src/trust/secure-context.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { CertificateGauges } from '../../src/telemetry/certificate-gauges.ts';
import type { Row } from '../bench.ts';
import { handshake } from '../../src/upstream/handshake.ts';
import { chainUnder, presentedBy } from '../../src/upstream/peer-chain.ts';

/** What looking at the chain adds to the CPU of a full handshake, in this process alone. */
export const inspection: Row = {
  name: 'inspection',
  title: 'full handshake with the inspection of its chain / without',
  async measure({ world, quick }) {
    const values = await measureInspection(world.server.port, world.caFile, quick ? 9 : 41);
    const what = 'CPU of a full handshake: with the inspection of its chain / without';
    return { findings: [{ what, values, unit: 'x', target: { atMost: 1.05 } }] };
  },
};

/** Handshakes of a slice: long enough for the clock of `process.cpuUsage`. */
const slice = 50;

/**
 * Makes full handshakes with the upstream, in slices with and without the inspection that take turns.
 *
 * @returns the CPU with it over that without, a ratio for each round
 */
async function measureInspection(port: number, caFile: string, rounds: number): Promise<number[]> {
  const policy = policyOf(caFile);
  const gauges = new CertificateGauges(new Registry(), 'bench_');
  const inspect = (socket: Awaited<ReturnType<typeof handshake>>) => {
    const chain = chainUnder(policy.bundle, presentedBy(socket));
    if (chain?.isAnchored !== true) throw new Error('the chain was not found');
    gauges.record('bench', chain);
  };
  await cpuOf(port, policy, inspect);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const without = await cpuOf(port, policy, () => undefined);
    ratios.push((await cpuOf(port, policy, inspect)) / without);
  }
  return ratios;
}

async function cpuOf(
  port: number,
  policy: Policy,
  after: (socket: Awaited<ReturnType<typeof handshake>>) => void,
): Promise<number> {
  const before = process.cpuUsage();
  for (let made = 0; made < slice; made++) {
    const tcp = connect({ host: '127.0.0.1', port });
    await once(tcp, 'connect');
    const signal = new AbortController().signal;
    const socket = await handshake({ socket: tcp, policy, host: 'localhost', signal });
    after(socket);
    socket.destroy();
  }
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function policyOf(caFile: string): Policy {
  const certificates = parseCertificates(readFileSync(caFile, 'utf8'));
  if (certificates instanceof FileFault) throw new Error(certificates.message);
  const bundle = createBundle(caFile, certificates);
  return {
    key: 'bench',
    verify: true,
    bundle,
    context: createTrustContext({ bundle }),
    serverName: undefined,
    pins: new Set(),
    strict: false,
    hasIdentity: false,
  };
}
