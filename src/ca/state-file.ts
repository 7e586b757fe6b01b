import { createPrivateKey, hash, X509Certificate } from 'node:crypto';
import { constants } from 'node:fs';
import { open, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CaSettings } from '../config/config.ts';
import { caError, describeSystemError, type CaFault } from './ca-fault.ts';
import type { GeneratedCa } from './generated-ca.ts';
import type { Lineage } from './lineage.ts';
import { accessFaults, placeFaults, stateDirectoryOf, statIfThere } from './state-access.ts';
import { toPem } from './write-certificate.ts';
import { createAtomically, makeDirectory, writeAtomically } from './write-atomically.ts';

/** The state as it is on disk. */
export interface SavedState {
  /** Undefined where there is none yet, or an error keeps it from being used. */
  readonly lineage: Lineage | undefined;
  /** The bytes it was read from. */
  readonly content: string | undefined;
  readonly faults: readonly CaFault[];
}

const fileName = 'ca.pem';
const maxBytes = 64 * 1024;
/** Longer than a write takes. */
const claimLifeMs = 10_000;

/** Reads the generated CA. Nothing is written, and what is illegible stays as it is: clients trust what it was. */
export async function readState(settings: CaSettings): Promise<SavedState> {
  const directory = stateDirectoryOf(settings);
  const failed = (...faults: CaFault[]): SavedState => ({ lineage: undefined, content: undefined, faults });
  if (directory === undefined) return failed();
  const places = await placeFaults(settings);
  if (places.length > 0) return failed(...places);
  const file = path.join(directory, fileName);
  try {
    const found = await statIfThere(directory);
    if (found === undefined) return failed();
    if (!found.isDirectory())
      return failed(caError(`${directory} is no directory`, 'remove it: the CA keeps its key there'));
    const around = accessFaults(directory, found, '700');
    if (around.some(({ severity }) => severity === 'error')) return failed(...around);
    return await readStateFile(file, around);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return failed();
    return failed(
      caError(
        `${file} cannot be read: ${describeSystemError(error)}`,
        'let the user that runs the sidecar read it, or name another ca.state_directory',
      ),
    );
  }
}

/**
 * Writes the CA in place of what was read.
 *
 * @returns false where another process was first: what it wrote is to be read
 */
export async function saveState(
  settings: CaSettings,
  replaced: string | undefined,
  lineage: Lineage,
): Promise<boolean> {
  const directory = stateDirectoryOf(settings) ?? '';
  const file = path.join(directory, fileName);
  await makeDirectory(directory, 0o700);
  if (replaced === undefined) return createAtomically(file, renderState(lineage), 0o600);
  // Named after what is replaced: of the sidecars that share a state directory one has it, and then it is over.
  const claim = path.join(directory, `.${fileName}.${hash('sha256', replaced).slice(0, 16)}.claim`);
  if (!(await takeClaim(claim))) return false;
  try {
    if ((await readFile(file, 'latin1')) !== replaced) return false;
    await writeAtomically(file, renderState(lineage), 0o600);
    return true;
  } finally {
    await rm(claim, { force: true });
  }
}

/** The state as it is written: each certificate with its key, the current one first. */
export function renderState({ current, successor }: Lineage): string {
  const pairs = successor === undefined ? [current] : [current, successor];
  const texts = pairs.map(
    ({ certificate, key }) => toPem(certificate.raw) + key.export({ type: 'pkcs8', format: 'pem' }),
  );
  return texts.join('');
}

async function takeClaim(claim: string): Promise<boolean> {
  try {
    await (await open(claim, 'wx', 0o600)).close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const { mtimeMs } = await stat(claim).catch(() => ({ mtimeMs: Infinity }));
    // Its process died in between.
    if (Date.now() - mtimeMs > claimLifeMs) await rm(claim, { force: true });
    return false;
  }
}

async function readStateFile(file: string, around: readonly CaFault[]): Promise<SavedState> {
  // A FIFO that nobody writes to must not stall the read.
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const stats = await handle.stat();
  const faults = [...around, ...accessFaults(file, stats, '600')];
  const isBad = faults.some(({ severity }) => severity === 'error');
  const content = stats.isFile() && stats.size <= maxBytes && !isBad ? await handle.readFile('latin1') : '';
  const lineage = isBad ? undefined : parseState(content);
  if (lineage !== undefined || isBad)
    return { lineage, content: lineage === undefined ? undefined : content, faults };
  const illegible = caError(
    `${file} does not hold the CA's certificate and the key that fits it`,
    'restore it; or remove it, and a new CA is made: clients must then load ca-bundle.pem anew',
  );
  return { lineage, content: undefined, faults: [...faults, illegible] };
}

function parseState(content: string): Lineage | undefined {
  const blocks = content.match(/-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----\n/g) ?? [];
  try {
    const pairs: GeneratedCa[] = [];
    for (let at = 0; at < blocks.length; at += 2) {
      const certificate = new X509Certificate(blocks[at] ?? '');
      const key = createPrivateKey(blocks[at + 1] ?? '');
      if (!certificate.ca || !certificate.checkPrivateKey(key)) return undefined;
      pairs.push({ certificate, key });
    }
    const [current, successor] = pairs;
    const isWhole = blocks.join('') === content && pairs.length <= 2;
    return current === undefined || !isWhole ? undefined : { current, successor };
  } catch {
    // OpenSSL's words may quote what it read.
    return undefined;
  }
}
