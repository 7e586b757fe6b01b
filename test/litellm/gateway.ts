import { writeFileSync } from 'node:fs';
import { createCa } from '../../certs-fixtures/create-ca.ts';
import { startSidecar, type SidecarProcess } from '../harness/sidecar-process.ts';
import { exampleFor, startCompany, type Company, type Example } from './company.ts';
import { startLitellm, type LitellmProcess } from './litellm-process.ts';

/** LiteLLM beside a sidecar, both with the one config.yaml, in front of a company's servers. */
export interface Gateway {
  readonly company: Company;
  readonly sidecar: SidecarProcess;
  readonly litellm: LitellmProcess;
  /** What both read now. */
  readonly config: string;
  readonly close: () => Promise<void>;
}

export interface GatewayOptions {
  readonly example: Example;
  /** What LiteLLM is told of the sidecar by its environment. */
  readonly env: (sidecar: SidecarProcess, company: Company) => Readonly<Record<string, string>>;
  /** Whether the file of `ssl_verify` holds another CA than that of the servers until a test mends it. */
  readonly startsWithWrongCa?: boolean;
  /** Further models, as lines of `model_list`. */
  readonly models?: string;
}

/** Starts all of it on ephemeral ports. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const { example, env, models = '', startsWithWrongCa = false } = options;
  const company = await startCompany();
  if (startsWithWrongCa) writeFileSync(company.caFile, createCa().pem);
  const textFor = (proxy?: string) =>
    exampleFor(company, example, proxy).replace('model_list:\n', `model_list:\n${models}`);
  // A hook that fails has no end of its own: what has started by then is ended here.
  const closes: (() => Promise<void>)[] = [company.close];
  const close = async () => {
    for (const end of closes.reverse()) await end();
  };
  try {
    const sidecar = await startSidecar({ config: textFor(), env: { SSL_CERT_FILE: company.machineRoots } });
    closes.push(sidecar.kill);
    // The port is known only now, and LiteLLM's urls may name it.
    const config = textFor(sidecar.proxy);
    sidecar.writeConfig(config);
    const { status } = await sidecar.reload();
    if (status !== 200) throw new Error(`the reload answered ${status}`);
    const litellm = await startLitellm({ config: sidecar.configFile, env: env(sidecar, company) });
    closes.push(litellm.kill);
    return { company, sidecar, litellm, config, close };
  } catch (error) {
    await close();
    throw error;
  }
}
