import { clean } from '../doctor/clean.ts';
import { inForce, type CompiledEntry } from '../policy/table.ts';
import type { ServerStatus } from './status-document.ts';
import { isoOrNull } from './times.ts';

type PolicyStatus = ServerStatus['policy'];

/** What holds for an entry at this moment, in words and in values. Pure. */
export function describePolicy(compiled: CompiledEntry): PolicyStatus {
  const { policy } = inForce(compiled);
  const { tls } = compiled.entry;
  const until = compiled.successor?.from.hasPassed === false ? tls.insecureUntil : undefined;
  const bundle = policy?.bundle;
  const trust =
    bundle === undefined
      ? null
      : {
          source: clean(bundle.source),
          anchors: bundle.certificates.length,
          not_after: isoOrNull(bundle.notAfterMs),
        };
  const described = {
    verification: verificationOf(compiled),
    trust,
    strict: policy?.strict ?? false,
    pinned: (policy?.pins.size ?? 0) > 0,
    client_certificate: policy?.hasIdentity ?? false,
    server_name: policy?.serverName ?? null,
    insecure_until: isoOrNull(until?.atMs),
    insecure_reason: until === undefined ? null : (tls.insecureReason ?? null),
  };
  return { words: wordsOf(described), ...described };
}

function verificationOf(compiled: CompiledEntry): PolicyStatus['verification'] {
  const { state, policy } = inForce(compiled);
  const { entry } = compiled;
  if (state === 'unusable') return 'unusable';
  if (policy !== undefined) return policy.verify ? 'on' : 'off';
  if (entry.kind === 'server' || entry.action === 'verify') return 'plain_http';
  return entry.action === 'tunnel' ? 'tunnel' : 'denied';
}

function wordsOf({ verification, trust, ...more }: Omit<PolicyStatus, 'words'>): string {
  switch (verification) {
    case 'unusable':
      return 'cannot be used: every request is refused';
    case 'plain_http':
      return 'plain http: not encrypted';
    case 'tunnel':
      return 'a blind tunnel: the client verifies the server itself';
    case 'denied':
      return 'denied';
    case 'off': {
      const end =
        more.insecure_until === null
          ? ''
          : ` until ${more.insecure_until.slice(0, 16).replace('T', ' ')} UTC`;
      return `NOT verified${end} (ssl_verify: false)`;
    }
    case 'on': {
      const count = trust === null ? '' : ` (${trust.anchors} certificate${trust.anchors === 1 ? '' : 's'})`;
      const extras = [
        more.strict ? 'strict' : '',
        more.pinned ? 'pinned' : '',
        more.client_certificate ? 'shows a client certificate' : '',
        more.server_name === null ? '' : `as ${more.server_name}`,
      ].filter((one) => one !== '');
      return [`verified by ${trust?.source ?? 'nothing'}${count}`, ...extras].join(', ');
    }
  }
}
