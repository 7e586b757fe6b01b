import { resolve } from 'node:path';
import type { SslVerify } from './config.ts';
import { Fault } from './fault.ts';

/** A text that a YAML reader or a person would take for a boolean, or that is empty. */
const SPELLS_BOOLEAN = /^(?:(true|yes|on)|false|no|off)$/i;

/** Reads `ssl_verify`; null inherits. A path is not yet resolved against the file's folder. */
export function parseSslVerify(value: string | boolean | null): SslVerify | null | Fault {
  if (value === null) return null;
  if (value === true) return { kind: 'default' };
  if (value === false) return { kind: 'off' };
  const text = value.trim();
  if (text === '') {
    return new Fault('is empty', 'write a path, PEM text, true or false; remove the line to inherit');
  }
  const boolean = SPELLS_BOOLEAN.exec(text);
  if (boolean !== null) {
    const meant = boolean[1] === undefined ? 'false' : 'true';
    return new Fault(
      `"${text}" is text that spells a boolean`,
      `write ssl_verify: ${meant} without quotes; a variable cannot hold a boolean, so write it in the file`,
    );
  }
  if (text.includes('-----BEGIN')) return { kind: 'pem', pem: value };
  // eslint-disable-next-line no-control-regex -- no file system call takes NUL, no sane path has the others
  if (/[\u0000-\u001f]/.test(text)) {
    return new Fault(
      'is neither a path nor PEM text',
      'write a path, or PEM text with its -----BEGIN CERTIFICATE----- line',
    );
  }
  return { kind: 'path', path: value };
}

/** Reads `verify_with`, which is a trust and so never off. */
export function parseVerifyWith(value: string | true | null): SslVerify | null | Fault {
  const parsed = parseSslVerify(value);
  if (!(parsed instanceof Fault) || typeof value !== 'string') return parsed;
  const text = value.trim();
  if (text === '') return new Fault(parsed.message, 'write a path, PEM text or true; or remove the line');
  const boolean = SPELLS_BOOLEAN.exec(text);
  if (boolean === null) return parsed;
  return boolean[1] === undefined
    ? VERIFIES_NOTHING
    : new Fault(parsed.message, 'write verify_with: true without quotes, in the file itself');
}

/** Why `verify_with: false` is refused. */
export const VERIFIES_NOTHING = new Fault(
  'is false, which is no trust to verify with',
  'write a path, PEM text or true; or remove the line',
);

/** The same with an absolute path: relative ones start at the folder of the file. */
export function resolveSslVerify(sslVerify: SslVerify, folder: string): SslVerify {
  return sslVerify.kind === 'path' ? { kind: 'path', path: resolve(folder, sslVerify.path) } : sslVerify;
}
