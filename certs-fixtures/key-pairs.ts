import { generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import type { KeyPair } from '../src/ca/write-certificate.ts';

/**
 * Keys that tests ask for. RSA 1024 is what OpenSSL's security level 2 calls too small; `ec-explicit` is P-256, written
 * out in numbers.
 */
export type KeyAlgorithm =
  'ec' | 'ec-explicit' | 'p-384' | 'p-521' | 'rsa-2048' | 'rsa-1024' | 'rsa-pss' | 'ed25519';

/** Generates a key pair; P-256 takes well under a millisecond, RSA up to a second. */
export function generateKeyPair(algorithm: KeyAlgorithm = 'ec'): KeyPair {
  if (algorithm === 'ec') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'ec-explicit')
    return generateKeyPairSync('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' });
  if (algorithm === 'p-384') return generateKeyPairSync('ec', { namedCurve: 'P-384' });
  if (algorithm === 'p-521') return generateKeyPairSync('ec', { namedCurve: 'P-521' });
  if (algorithm === 'ed25519') return generateKeyPairSync('ed25519');
  if (algorithm === 'rsa-pss') return generateKeyPairSync('rsa-pss', { modulusLength: 2048 });
  return generateKeyPairSync('rsa', { modulusLength: algorithm === 'rsa-2048' ? 2048 : 1024 });
}

/** Base64 of the SHA-256 of the SubjectPublicKeyInfo, as `pin_sha256` takes it. */
export function pinSha256(publicKey: KeyObject): string {
  return hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64');
}

/** The private key as PKCS #8 PEM. */
export function exportKey({ privateKey }: KeyPair): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' });
}
