import { isAbsolute, join, resolve } from 'node:path';
import type { z } from 'zod/mini';
import type { CaSettings, Position } from './config.ts';
import { findPair, isUnset, positionOf } from './located.ts';
import type { LocatedMap, LocatedPair } from './located.ts';
import type { Reading } from './read-mapping.ts';
import type { settingsSchema } from './schema.ts';

type WrittenCa = z.output<typeof settingsSchema>['ca'];

const DEFAULT_DIRECTORY = 'mcp-tls-sidecar-ca';

/** Fills in `ca`: its relative paths start at the working directory, for it says where this process writes. */
export function fillInCa(
  written: WrittenCa,
  position: Position,
  { env, workingDirectory }: Reading,
): CaSettings {
  const path = (text: string): string => resolve(workingDirectory, text);
  const { certificate, key, state_directory: state } = written ?? {};
  return {
    directory: path(written?.directory ?? DEFAULT_DIRECTORY),
    stateDirectory: state ? path(state) : defaultStateDirectory(env),
    brought: certificate && key ? { certificate: path(certificate), key: path(key) } : undefined,
    permittedDomains: written?.permitted_domains ?? [],
    position,
  };
}

/** Reports keys of `ca` that do not go together. */
export function checkCa(settings: LocatedMap, { report }: Reading): void {
  const ca = findPair(settings, 'ca')?.value;
  const certificate = writtenPair(ca, 'certificate');
  const key = writtenPair(ca, 'key');
  const permitted = writtenPair(ca, 'permitted_domains');
  if (certificate !== undefined && key === undefined) {
    const message = 'ca.certificate stands without ca.key';
    const hint = 'name the file of its private key at ca.key, or remove it to have a CA generated';
    report.add({ severity: 'error', position: positionOf(certificate), message, hint });
  }
  if (key !== undefined && certificate === undefined) {
    const message = 'ca.key stands without ca.certificate';
    const hint =
      "name the file of the CA's certificate at ca.certificate, or remove it to have a CA generated";
    report.add({ severity: 'error', position: positionOf(key), message, hint });
  }
  const isList = permitted?.value.kind === 'list' && permitted.value.items.length > 0;
  if (certificate !== undefined && key !== undefined && isList) {
    const message = 'ca.permitted_domains does not constrain the CA that ca.certificate brings';
    const hint = 'issue that CA with name constraints of its own, and remove the line';
    report.add({ severity: 'warning', position: positionOf(permitted), message, hint });
  }
}

function writtenPair(map: LocatedPair['value'] | undefined, key: string): LocatedPair | undefined {
  const pair = findPair(map, key);
  return pair === undefined || isUnset(pair.value) ? undefined : pair;
}

/**
 * systemd's `StateDirectory=` (which may name several, the first is ours), then the XDG base directories, which say
 * that relative paths are to be ignored: https://specifications.freedesktop.org/basedir-spec/latest/#basics
 */
function defaultStateDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const [state = ''] = env['STATE_DIRECTORY']?.split(':') ?? [];
  if (isAbsolute(state)) return resolve(state);
  const { XDG_STATE_HOME: xdg = '', HOME: home = '' } = env;
  if (isAbsolute(xdg)) return join(xdg, 'mcp-tls-sidecar');
  return isAbsolute(home) ? join(home, '.local/state/mcp-tls-sidecar') : undefined;
}
