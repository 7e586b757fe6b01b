import type { X509Certificate } from 'node:crypto';
import { isSelfSigned } from '../trust/build-chain.ts';
import { spkiPin } from '../upstream/judge-peer.ts';
import { fingerprintOf } from '../trust/certificate-facts.ts';
import { distinguishedName, issuerNameOf, issuerUrl, nameOf } from './certificate-words.ts';
import { chainOf, otherBundle } from './chain-view.ts';
import type { Finding } from './diagnosis.ts';
import type { Evidence, NamedBundle } from './evidence.ts';
import { act, entryYaml, message, someCaFile } from './remedy.ts';

/** Makers of boxes that answer in the server's place, as they name their CAs. */
const middleboxes =
  /zscaler|netskope|fortinet|fortigate|palo ?alto|blue ?coat|symantec web|forcepoint|mcafee web|skyhigh|cisco umbrella|sophos|check ?point|barracuda|watchguard|iboss|cato networks|mitmproxy|portswigger|charles proxy|squid|kaspersky|bitdefender|eset ssl|avast|untangle|smoothwall|lightspeed|ssl.?inspection|tls.?inspection/i;

/** Why a chain does not lead to the bundle. */
export function diagnoseIssuer(evidence: Evidence): Finding | undefined {
  const chain = chainOf(evidence);
  const top = chain?.certificates.at(-1);
  if (chain === undefined || top === undefined) return undefined;
  const other = otherBundle(evidence);
  if (other !== undefined) return otherFits(evidence, other);
  const box = [...chain.certificates]
    .reverse()
    .find(({ issuer }) => middleboxes.test((issuer as string | undefined) ?? ''));
  if (box !== undefined) return intercepted(evidence, box);
  const isRoot = isSelfSigned(top);
  if (holdsName(evidence, isRoot ? top.subject : top.issuer))
    return wrongCa(evidence, isRoot ? nameOf(top) : issuerNameOf(top));
  const looksLikeRoot = /\broot\b/i.test(top.issuer);
  if (!isRoot && chain.certificates.length === 1 && !looksLikeRoot) return missingIntermediate(evidence, top);
  return privateCa(evidence, top, isRoot);
}

/** A self-signed certificate that is not in the bundle. */
export function diagnoseSelfSigned(evidence: Evidence): Finding {
  const { subject, presented } = evidence;
  const [leaf] = presented;
  const fingerprint = leaf === undefined ? '' : ` Its SHA-256 fingerprint is ${fingerprintOf(leaf)}`;
  return {
    cause: 'self_signed_leaf',
    sentence: `the server shows a certificate that it signed itself, and which is not in ${bundleWords(evidence)}`,
    remedy: [
      act(`ask the owner of the server whether the certificate is theirs.${fingerprint}`),
      act('if it is, keep it in a file (--save-chain FILE writes what was presented) and name that:'),
      entryYaml(subject, { ssl_verify: '/etc/ssl/certs/this-server.pem' }),
    ],
  };
}

/** A key that is not among the pinned ones, under a chain that holds. */
export function diagnosePin({ subject, presented }: Evidence): Finding {
  const [leaf] = presented;
  const pin = leaf === undefined ? undefined : spkiPin(leaf);
  const yaml = entryYaml(subject, { tls: { pin_sha256: [pin ?? ''] } });
  return {
    cause: 'pin_mismatch',
    sentence:
      'the chain holds, but the key of the certificate is none of those that tls.pin_sha256 names: the server has a new key, or somebody is in between',
    remedy: [
      act(
        'ask the owner of the server, by another way than this one, whether the key is new; only if it is, pin it:',
      ),
      ...(pin === undefined ? [] : [yaml]),
    ],
  };
}

/** What the trust of the entry is called. */
export function bundleWords({ policy }: Pick<Evidence, 'policy'>): string {
  const source = policy?.bundle?.source ?? 'the bundle';
  return source === 'inline PEM' ? 'the PEM text of ssl_verify' : source;
}

function otherFits({ subject, ...evidence }: Evidence, { bundle, sslVerify }: NamedBundle): Finding {
  return {
    cause: 'other_bundle_fits',
    sentence: `${bundleWords(evidence)} does not hold the CA of this server, and ${bundle.source} does`,
    remedy:
      sslVerify === undefined
        ? [act(`give this entry the ssl_verify of the one that uses ${bundle.source}`)]
        : [entryYaml(subject, { ssl_verify: sslVerify })],
  };
}

function intercepted(evidence: Evidence, box: X509Certificate): Finding {
  return {
    cause: 'intercepting_proxy',
    sentence: `the certificate comes from "${issuerNameOf(box)}", which looks like a box on the way that intercepts TLS, and whose CA is not in ${bundleWords(evidence)}`,
    remedy: [
      act('ask those who run the network for the CA of that box (or to except this server), and name it:'),
      entryYaml(evidence.subject, { ssl_verify: someCaFile }),
    ],
  };
}

function wrongCa(evidence: Evidence, name: string): Finding {
  return {
    cause: 'wrong_ca',
    sentence: `${bundleWords(evidence)} has a CA called "${name}", but with another key than the one that signed here: the CA was made anew, or is another of the same name`,
    remedy: [
      act(`get the present certificate of "${name}" from those who run that CA, and put it into the bundle:`),
      entryYaml(evidence.subject, { ssl_verify: pathOf(evidence) }),
    ],
  };
}

function missingIntermediate(evidence: Evidence, leaf: X509Certificate): Finding {
  const { subject } = evidence;
  const issuer = issuerNameOf(leaf);
  const url = issuerUrl(leaf);
  const where = url === undefined ? '' : ` (the certificate says that it is at ${url})`;
  return {
    cause: 'missing_intermediate',
    sentence: `the server sends its certificate without that of its issuer "${issuer}", and ${bundleWords(evidence)} does not hold it either`,
    remedy: [
      message(
        subject,
        `the server does not send the intermediate certificate "${issuer}"`,
        `Please append it to the certificate file of the server${where}, so that the whole chain but the root is sent. Browsers hide this fault`,
      ),
      act(
        `or get the certificate of "${issuer}"${where} from those who run that CA, and ${namesFile(evidence) ? 'put it into the bundle' : 'trust it here'} (doctor does not fetch it):`,
      ),
      entryYaml(subject, { ssl_verify: pathOf(evidence) }),
    ],
  };
}

function privateCa(evidence: Evidence, top: X509Certificate, isRoot: boolean): Finding {
  const name = isRoot ? nameOf(top) : issuerNameOf(top);
  const full = distinguishedName(isRoot ? top.subject : top.issuer);
  const sent = isRoot ? ' (it was sent, which is no reason to believe it)' : '';
  return {
    cause: 'private_ca_not_in_bundle',
    sentence: `the chain leads to the CA "${name}"${sent}, which is not in ${bundleWords(evidence)}`,
    remedy: [
      act(
        `get the certificate of ${full} from those who run that CA, not from this connection, and ${namesFile(evidence) ? 'put it into the bundle' : 'name it'}:`,
      ),
      entryYaml(evidence.subject, { ssl_verify: pathOf(evidence) }),
    ],
  };
}

function holdsName({ policy }: Evidence, name: string): boolean {
  return policy?.bundle?.certificates.some(({ subject }) => subject === name) === true;
}

/** Then it is not to name another: what is missing goes into what is there. */
function namesFile({ subject: { sslVerify } }: Evidence): boolean {
  return sslVerify.kind === 'path';
}

/** The file that the entry names already, else one to name. */
function pathOf({ subject: { sslVerify } }: Evidence): string {
  return sslVerify.kind === 'path' ? sslVerify.path : someCaFile;
}
