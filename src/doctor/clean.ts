/** Text that came from a certificate or a server, fit for a terminal: one line, no control or format characters. */
export function clean(text: string, maxLength = 200): string {
  const plain = text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]+/gu, ' ').trim();
  return plain.length > maxLength ? `${plain.slice(0, maxLength - 1)}…` : plain;
}
