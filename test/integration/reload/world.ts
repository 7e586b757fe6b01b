import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createCa } from '../../../certs-fixtures/create-ca.ts';
import { ask } from '../../harness/ask.ts';
import { cleanUp } from '../../harness/clean-up.ts';
import { configText } from '../../harness/config-text.ts';
import { poll } from '../../harness/poll.ts';
import { routes, type Named } from '../../harness/routes.ts';
import { temporaryDirectory } from '../../harness/temporary-directory.ts';
import type { Sidecar } from '../../harness/sidecar.ts';
import { startUpstream, type Upstream } from '../../harness/tls-upstream.ts';
import { startLoad, streamOrAnswer, type Load } from './load.ts';

/** What a bundle of the subject does to its calls. */
export type Trust = 'trusted' | 'tls_cert_issuer_unknown' | 'configuration_unusable';

/** Two upstreams with a CA each, and files to trust them by. */
export interface World {
  readonly folder: string;
  /** Its entry is `steady`: its policy never changes, whatever a test does to the subject's. */
  readonly steady: Upstream;
  /** Its entry is `subject`. */
  readonly subject: Upstream;
  /** PEM of the CA that did not issue the subject's leaf, and of both. */
  readonly wrong: string;
  readonly right: string;
  readonly wrongFile: string;
  readonly rightFile: string;
  /** A configuration in which only the subject's `ssl_verify` varies. */
  readonly config: (sslVerify: unknown, more?: Readonly<Record<string, unknown>>) => string;
  /** How a call of the subject ends now: the same on every route, or what each says. */
  readonly trustOf: (sidecar: Sidecar) => Promise<string>;
  /**
   * Waits until calls of the subject end so, on every route. A change must be in force within a second where the file
   * system tells.
   *
   * @returns the milliseconds from the call of this to the start of the first such call
   */
  readonly takesEffect: (sidecar: Sidecar, wanted: Trust, what: string, withinMs?: number) => Promise<number>;
  /**
   * Calls `steady` over and over by every route, on new and on kept connections, and holds a stream of each server
   * open.
   *
   * @param servers whose streams are opened
   */
  readonly startLoad: (sidecar: Sidecar, servers?: readonly string[]) => Promise<Load>;
}

export async function createWorld(): Promise<World> {
  const [steadyCa, subjectCa] = [createCa(), createCa()];
  const steady = await startUpstream({ leaf: steadyCa.issue('127.0.0.1'), handler: streamOrAnswer });
  const subject = await startUpstream({ leaf: subjectCa.issue('127.0.0.1'), handler: streamOrAnswer });
  const folder = join(temporaryDirectory(), 'files');
  mkdirSync(folder);
  const [wrong, right] = [steadyCa.pem, steadyCa.pem + subjectCa.pem];
  const [wrongFile, rightFile] = [join(folder, 'wrong.pem'), join(folder, 'right.pem')];
  writeFileSync(wrongFile, wrong);
  writeFileSync(rightFile, right);
  const config: World['config'] = (sslVerify, more = {}) =>
    configText({
      steady: { url: `https://${steady.authority}/mcp`, ssl_verify: steadyCa.pem },
      subject: { url: `https://${subject.authority}/mcp`, ssl_verify: sslVerify, ...more },
    });
  const named: Named = { server: 'subject', authority: subject.authority };
  return {
    folder,
    steady,
    subject,
    wrong,
    right,
    wrongFile,
    rightFile,
    config,
    trustOf: (sidecar) => trustOf(sidecar, named),
    takesEffect: (sidecar, wanted, what, withinMs) => takesEffect(sidecar, named, { wanted, what, withinMs }),
    startLoad: (sidecar, servers) => startLoad(sidecar, steady.authority, servers),
  };
}

async function trustOf({ proxy }: Sidecar, named: Named): Promise<string> {
  const outcomes = await Promise.all(
    routes.map(async (route) => {
      const { status, header } = await ask(proxy, route.target(named, '/mcp'));
      return status === 200 ? 'trusted' : (/details="(\w+)"/.exec(header('proxy-status') ?? '')?.[1] ?? '');
    }),
  );
  return [...new Set(outcomes)].join(', ');
}

async function takesEffect(
  sidecar: Sidecar,
  named: Named,
  expected: { readonly wanted: Trust; readonly what: string; readonly withinMs: number | undefined },
): Promise<number> {
  const { wanted, what, withinMs = 1_000 } = expected;
  const changedMs = performance.now();
  let begunMs = changedMs;
  const inForce = async () => {
    begunMs = performance.now();
    return (await trustOf(sidecar, named)) === wanted;
  };
  await poll(inForce, { timeoutMs: Math.max(withinMs, 5_000), what: `${wanted} after: ${what}` });
  const tookMs = Math.round(begunMs - changedMs);
  note(what, tookMs);
  expect(tookMs, what).toBeLessThanOrEqual(withinMs);
  return tookMs;
}

const noted = new Map<string, number[]>();

/** Prints what was measured, once a test. */
function note(what: string, tookMs: number): void {
  if (noted.size === 0)
    cleanUp(() => {
      for (const [change, all] of noted)
        process.stdout.write(`${change}: in force after ${all.join(', ')} ms\n`);
      noted.clear();
    });
  noted.set(what, [...(noted.get(what) ?? []), tookMs]);
}

/** Reloads so far, by result. */
export async function reloads(sidecar: Sidecar, result: 'success' | 'failure'): Promise<number> {
  return (await sidecar.metric('mcp_tls_sidecar_config_reloads_total', { result })) ?? NaN;
}

export async function untilReloads(
  sidecar: Sidecar,
  result: 'success' | 'failure',
  count: number,
  timeoutMs = 5_000,
): Promise<void> {
  const what = `${count} reloads with the result ${result}`;
  await poll(async () => (await reloads(sidecar, result)) >= count, { what, timeoutMs, everyMs: 20 });
}

/** 1 after a good reload, 0 after a bad one. */
export async function lastReloadSuccessful(sidecar: Sidecar): Promise<number | undefined> {
  return sidecar.metric('mcp_tls_sidecar_config_last_reload_successful');
}
