import { createPrivateKey, type KeyObject } from 'node:crypto';
import type { FileReader } from './load-bundle.ts';
import { FileFault } from './read-file.ts';

/** Reads a PEM private key. OpenSSL's words are left out of faults: they may quote what it read. */
export async function readPrivateKey(path: string, files: FileReader): Promise<KeyObject | FileFault> {
  const file = await files.read(path);
  if (file instanceof FileFault) return file;
  const text = file.bytes.toString('latin1');
  if (/-----BEGIN ENCRYPTED |Proc-Type: 4,ENCRYPTED/.test(text))
    return new FileFault(
      'holds an encrypted key',
      'write it without a passphrase: openssl pkey -in FILE -out FILE.pem, and let nobody else read that',
    );
  try {
    return createPrivateKey(text);
  } catch {
    return new FileFault('holds no private key', 'a PEM key begins with -----BEGIN PRIVATE KEY-----');
  }
}
