/**
 * The few DER types that a certificate is made of (X.690). Why they are written out here and not by a library:
 * docs/decisions/0008-der-writer.md.
 */

/** One tag, its length and the contents. */
export function element(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(body.length), body]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const octets = Buffer.from(
    length.toString(16).padStart(length < 0x100 ? 2 : length < 0x10000 ? 4 : 8, '0'),
    'hex',
  );
  return Buffer.concat([Buffer.from([0x80 | octets.length]), octets]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts);
export const set = (...parts: readonly Buffer[]): Buffer => element(0x31, ...parts);
export const octetString = (contents: Buffer): Buffer => element(0x04, contents);
export const utf8String = (text: string): Buffer => element(0x0c, Buffer.from(text));
export const boolean = (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0]));
export const nothing = (): Buffer => element(0x05);

/** `[n]` around other elements (explicit, or an implicit SEQUENCE). */
export const tagged = (n: number, ...parts: readonly Buffer[]): Buffer => element(0xa0 | n, ...parts);
/** `[n] IMPLICIT` of a string type. */
export const taggedString = (n: number, contents: Buffer): Buffer => element(0x80 | n, contents);

/** A non-negative INTEGER: a leading zero octet keeps the sign bit clear. */
export function integer(value: Buffer | number): Buffer {
  const octets = typeof value === 'number' ? Buffer.from([value]) : value;
  return (octets[0] ?? 0) & 0x80 ? element(0x02, Buffer.from([0]), octets) : element(0x02, octets);
}

/** A BIT STRING of whole octets. */
export const bitString = (contents: Buffer): Buffer => element(0x03, Buffer.from([0]), contents);

/** A BIT STRING of named bits (at most 8): trailing zero bits do not count (X.690, 11.2.2). */
export function namedBits(bits: readonly number[]): Buffer {
  const octet = bits.reduce((sum, bit) => sum | (0x80 >> bit), 0);
  return element(0x03, Buffer.from([7 - Math.max(...bits), octet]));
}

export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return element(0x06, Buffer.from(octets));
}

/** UTCTime until 2049, GeneralizedTime from then on (RFC 5280, 4.1.2.5). */
export function time(date: Date): Buffer {
  const digits = date.toISOString().replace(/\.\d+Z$|[-:T]/g, '') + 'Z';
  const year = date.getUTCFullYear();
  return year < 1950 || year >= 2050
    ? element(0x18, Buffer.from(digits))
    : element(0x17, Buffer.from(digits.slice(2)));
}
