import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { readConfig } from '../../src/config/read-config.ts';
import { parseArguments } from '../../src/cli/parse-arguments.ts';

/** The folder deploy/. */
export const deployFolder = resolve(import.meta.dirname, '../../deploy');

/** What tests look at in a container of a pod. */
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: string[];
  readonly workingDir?: string;
  readonly restartPolicy?: string;
  readonly env?: { name: string; value: string }[];
  readonly ports?: { name: string; containerPort: number }[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly resources?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly volumeMounts?: { name: string; mountPath: string; readOnly?: boolean; subPath?: string }[];
  readonly startupProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly livenessProbe?: Probe;
}

interface Probe {
  readonly httpGet: { path: string; port: string };
  readonly periodSeconds: number;
  readonly failureThreshold?: number;
}

/** The pod of a Deployment. */
export interface PodTemplate {
  readonly metadata: { readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly initContainers?: Container[];
    /** A patch may have none. */
    readonly containers?: Container[];
    readonly volumes: ({ name: string } & Record<string, unknown>)[];
  };
}

/** An object of Kubernetes. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: Readonly<Record<string, unknown>>;
}

/** A YAML file of deploy/, parsed. */
export function readDeployed(file: string): unknown {
  return parse(readFileSync(join(deployFolder, file), 'utf8'));
}

/** The objects in a text of several documents. */
export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((manifest) => manifest !== null);
}

/** The pod template of the one Deployment of that name. */
export function podOf(manifests: readonly Manifest[], name: string): PodTemplate {
  const found = manifests.filter(({ kind, metadata }) => kind === 'Deployment' && metadata.name === name);
  if (found.length !== 1) throw new Error(`${found.length} Deployments are named ${name}`);
  return found[0]?.spec?.['template'] as PodTemplate;
}

/** The container of a name, wherever it stands in the pod. */
export function containerOf({ spec }: PodTemplate, name: string): Container {
  const found = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].find((one) => one.name === name);
  if (found === undefined) throw new Error(`the pod has no container ${name}`);
  return found;
}

/** Where a container mounts a volume; undefined if it does not. */
export function mountOf({ volumeMounts = [] }: Container, volume: string): string | undefined {
  return volumeMounts.find(({ name }) => name === volume)?.mountPath;
}

/** What the program makes of a configuration, started as a container starts it. */
export function readAsIn(container: Pick<Container, 'args' | 'env' | 'workingDir'>, text = '{}') {
  const command = parseArguments(container.args ?? []);
  if (command.name !== 'serve') throw new Error(`the container runs ${command.name}`);
  const env = Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value]));
  const workingDirectory = container.workingDir ?? '/';
  const { listen, admin } = command;
  const file = '/etc/mcp-tls-sidecar/config.yaml';
  return readConfig({ file, bytes: Buffer.from(text), env, workingDirectory, overrides: { listen, admin } });
}
