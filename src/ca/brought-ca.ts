import type { KeyObject, X509Certificate } from 'node:crypto';
import type { CaSettings } from '../config/config.ts';
import { isSelfSigned } from '../trust/build-chain.ts';
import { factsOf, keyUsageBits, notAfterOf, notBeforeOf, onOneLine } from '../trust/certificate-facts.ts';
import type { FileReader } from '../trust/load-bundle.ts';
import { noCertificateFault } from '../trust/parse-certificates.ts';
import { FileFault } from '../trust/read-file.ts';
import { readPrivateKey } from '../trust/read-key.ts';
import { caError, caWarning, type CaFault } from './ca-fault.ts';
import type { Signer } from './signer.ts';
import { isSupportedKey } from './write-certificate.ts';

type Brought = NonNullable<CaSettings['brought']>;

/** A CA that the user brought, and what is wrong with it. */
export interface BroughtCa {
  readonly brought: Signer | undefined;
  readonly faults: readonly CaFault[];
}

/** Reads `ca.certificate` and `ca.key`: the first certificate signs, those after it are its issuers, in order. */
export async function readBroughtCa(paths: Brought, files: FileReader): Promise<BroughtCa> {
  const [certificates, key] = await Promise.all([
    readCertificates(paths.certificate, files),
    readKey(paths.key, files),
  ]);
  const faults = [
    ...(Array.isArray(certificates) ? chainFaults(paths.certificate, certificates) : [certificates]),
    ...('severity' in key ? [key] : []),
  ];
  const [certificate] = Array.isArray(certificates) ? certificates : [];
  if (certificate === undefined || !Array.isArray(certificates) || 'severity' in key)
    return { brought: undefined, faults };
  if (!certificate.checkPrivateKey(key)) faults.push(doesNotFit(paths));
  if (faults.some(({ severity }) => severity === 'error')) return { brought: undefined, faults };
  const chain = certificates.filter((one) => !isSelfSigned(one));
  return { brought: { certificate, key, chain, published: certificates }, faults };
}

async function readCertificates(path: string, files: FileReader): Promise<X509Certificate[] | CaFault> {
  const file = await files.read(path);
  const found = file instanceof FileFault ? file : files.certificatesOf(file);
  if (found instanceof FileFault) return fileError(path, found);
  if (found.length > 0) return found;
  return fileError(path, file instanceof FileFault ? file : noCertificateFault(file.bytes));
}

async function readKey(path: string, files: FileReader): Promise<KeyObject | CaFault> {
  const key = await readPrivateKey(path, files);
  return key instanceof FileFault ? fileError(path, key) : (keyFault(path, key) ?? key);
}

function keyFault(path: string, key: KeyObject): CaFault | undefined {
  const hint = 'use EC (P-256, P-384, P-521), RSA of 2048 bits or more, or Ed25519';
  const { modulusLength = 2048, namedCurve } = key.asymmetricKeyDetails ?? {};
  const type = [key.asymmetricKeyType ?? '', ...(namedCurve === undefined ? [] : [namedCurve])].join(' ');
  if (!isSupportedKey(key))
    return caError(`${path} holds a key of a kind that is not supported (${type})`, hint);
  if (modulusLength < 2048)
    return caError(`${path} holds an RSA key of ${modulusLength} bits, which clients refuse`, hint);
  return undefined;
}

function chainFaults(path: string, certificates: readonly X509Certificate[]): CaFault[] {
  const [signer] = certificates;
  if (signer === undefined) return [];
  const faults = [...purposeFaults(path, signer), ...certificates.flatMap((one) => dateFaults(path, one))];
  const strange = certificates.findIndex((one, at) => at > 0 && !isIssuerOf(certificates[at - 1], one));
  if (strange > 0)
    faults.push(
      caError(
        `${path} holds certificate ${strange + 1} (${nameOf(certificates[strange])}), which did not issue the one before it`,
        'write the CA first, then its issuer, and so on',
      ),
    );
  return faults;
}

function purposeFaults(path: string, signer: X509Certificate): CaFault[] {
  const facts = factsOf(signer);
  if (facts === undefined)
    return [caError(`${path} begins with a certificate that is no DER`, 'issue it anew')];
  const { basicConstraints, keyUsage, subjectKeyIdentifier, authorityKeyIdentifier } = facts;
  const hint = 'name the certificate of a CA: basicConstraints CA:TRUE, keyUsage keyCertSign';
  const refuse = (why: string) => [caError(`${path} begins with a certificate that is no CA: ${why}`, hint)];
  if (basicConstraints === undefined) return refuse('it has no basicConstraints');
  if (keyUsage?.has(keyUsageBits.keyCertSign) === false) return refuse('its keyUsage lacks keyCertSign');
  if (!signer.ca) return refuse('its basicConstraints say CA:FALSE');
  const missing = [
    ...(keyUsage === undefined ? ['keyUsage'] : []),
    ...(subjectKeyIdentifier === undefined ? ['subjectKeyIdentifier'] : []),
    ...(authorityKeyIdentifier !== undefined || isSelfSigned(signer) ? [] : ['authorityKeyIdentifier']),
  ];
  if (missing.length === 0) return [];
  const message = `${path} begins with a CA that strict clients (Python 3.13) refuse: no ${missing.join(', no ')}`;
  return [caWarning(message, 'issue it anew with these extensions')];
}

function dateFaults(path: string, certificate: X509Certificate): CaFault[] {
  const nowMs = Date.now();
  const subject = `${path} holds a certificate (${nameOf(certificate)}) that`;
  const [from, until] = [notBeforeOf(certificate), notAfterOf(certificate)];
  if (Number.isNaN(from.getTime() + until.getTime()))
    return [caError(`${subject} has a date that cannot be read`, 'issue it anew')];
  if (until.getTime() <= nowMs) return [caError(`${subject} expired at ${until.toISOString()}`, 'renew it')];
  if (from.getTime() > nowMs)
    return [
      caError(
        `${subject} is not valid before ${from.toISOString()}`,
        'wait until then, or set the clock of this machine',
      ),
    ];
  return [];
}

const doesNotFit = ({ certificate, key }: Brought): CaFault =>
  caError(`${key} does not fit the first certificate of ${certificate}`, 'name the key of that certificate');

const fileError = (path: string, { message, hint }: FileFault): CaFault =>
  caError(`${path} ${message}`, hint.replace('PEM file or a directory of PEM files', 'PEM file'));

function isIssuerOf(certificate: X509Certificate | undefined, issuer: X509Certificate): boolean {
  return certificate?.checkIssued(issuer) === true && certificate.verify(issuer.publicKey);
}

const nameOf = (certificate: X509Certificate | undefined): string => onOneLine(certificate?.subject);
