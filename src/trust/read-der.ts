/** One tag-length-value of DER (X.690 section 8.1). */
export interface DerElement {
  readonly tag: number;
  readonly contents: Buffer;
  /** Tag and length too. */
  readonly whole: Buffer;
}

/** @throws RangeError where it is no DER or ends too soon */
export function readElement(der: Buffer, offset = 0): DerElement {
  const tag = der.readUInt8(offset);
  const first = der.readUInt8(offset + 1);
  // BER, which OpenSSL takes: a length that is open; and tags of several octets, which no certificate has.
  if (first === 0x80 || (tag & 0x1f) === 0x1f)
    throw new RangeError('an element is not written as DER wants it');
  const octets = first < 0x80 ? 0 : first & 0x7f;
  const length = octets === 0 ? first : der.readUIntBE(offset + 2, octets);
  const start = offset + 2 + octets;
  if (start + length > der.length) throw new RangeError('an element is longer than what holds it');
  const whole = der.subarray(offset, start + length);
  return { tag, contents: der.subarray(start, start + length), whole };
}

/** The elements of a SEQUENCE, SET or constructed tag. @throws RangeError */
export function readElements({ contents }: { readonly contents: Buffer }): DerElement[] {
  const found: DerElement[] = [];
  for (let offset = 0; offset < contents.length;) {
    const element = readElement(contents, offset);
    found.push(element);
    offset += element.whole.length;
  }
  return found;
}

/** An OBJECT IDENTIFIER, dotted. */
export function readObjectIdentifier({ contents }: { readonly contents: Buffer }): string {
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of contents) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet >= 0x80) continue;
    if (arcs.length === 0)
      arcs.push(Math.min(Math.floor(arc / 40), 2), arc - 40 * Math.min(Math.floor(arc / 40), 2));
    else arcs.push(arc);
    arc = 0;
  }
  return arcs.join('.');
}

/** The set bits of a BIT STRING, from 0 (X.690 section 8.6). */
export function readBits({ contents }: { readonly contents: Buffer }): ReadonlySet<number> {
  const bits = new Set<number>();
  for (let bit = 0; bit < (contents.length - 1) * 8; bit++)
    if (((contents[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits.add(bit);
  return bits;
}
