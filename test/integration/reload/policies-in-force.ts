import fc from 'fast-check';
import { configText } from '../../harness/config-text.ts';
import type { RouteUnderTest } from '../../harness/routes.ts';

/** What a server's entry may say in a reload. `rotating` names a file whose content changes under the YAML. */
export type Written = 'a' | 'b' | 'both' | 'rotating' | 'off' | 'missing' | 'absent';

/** What a request may be relayed under. Equal bundles are equal policies, whatever file they come from. */
export type Meaning = 'a' | 'b' | 'both' | 'off' | 'missing' | 'absent';

/** All that a reload can change. */
export interface Version {
  /** One for each server. */
  readonly written: readonly Written[];
  /** Whose certificate the rotating file holds. */
  readonly rotating: 'a' | 'b';
}

/** A step to the next version: entries of the YAML change, or else the rotating file, as nobody can do both at once. */
export type Step =
  | { readonly kind: 'yaml'; readonly written: readonly Written[]; readonly pauseMs: number }
  | { readonly kind: 'rotate'; readonly pauseMs: number };

export function steps(servers: number, count: number): fc.Arbitrary<Step[]> {
  const entry = fc.constantFrom<Written>('a', 'b', 'both', 'rotating', 'off', 'missing', 'absent');
  const written = fc.array(entry, { minLength: servers, maxLength: servers });
  const pauseMs = fc.nat(25);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant('yaml' as const), written, pauseMs }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rotate' as const), pauseMs }) },
  );
  return fc.array(step, { minLength: count, maxLength: count });
}

export function apply(version: Version, step: Step): Version {
  if (step.kind === 'yaml') return { ...version, written: step.written };
  return { ...version, rotating: version.rotating === 'a' ? 'b' : 'a' };
}

export function meaningOf({ written, rotating }: Version, server: number): Meaning {
  const one = written[server] ?? 'absent';
  return one === 'rotating' ? rotating : one;
}

/** The YAML of a version, with the files that its entries name. */
export function yamlOf(
  { written }: Version,
  urls: readonly string[],
  files: Readonly<Record<'a' | 'b' | 'both' | 'rotating' | 'missing', string>>,
): string {
  const entries = written.flatMap((one, index) => {
    if (one === 'absent') return [];
    return [[`s${index}`, { url: urls[index], ssl_verify: one === 'off' ? false : files[one] }]];
  });
  return configText(Object.fromEntries(entries) as Record<string, object>, { unlisted_hosts: 'deny' });
}

/** How a request must end under a policy. */
export function outcomeUnder(meaning: Meaning, leafOf: 'a' | 'b', route: RouteUnderTest): string {
  if (meaning === 'absent') return route.findsHosts ? 'policy_denied' : 'server_unknown';
  if (meaning === 'missing') return 'configuration_unusable';
  return meaning === 'both' || meaning === 'off' || meaning === leafOf ? 'ok' : 'tls_cert_issuer_unknown';
}
