/** Columns of a terminal that nobody has widened. */
export const columns = 80;

/**
 * Breaks a text into lines that fit, each with an indent. A word that is longer than a line stays whole, so that URLs
 * and paths can be copied.
 */
export function wrap(text: string, indent: string, width = columns): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && indent.length + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].map((one) => `${indent}${one}`);
}

/** The same behind a heading: further lines begin below the text. */
export function hang(heading: string, text: string, width = columns): string[] {
  const indent = ' '.repeat(heading.length);
  const [first = '', ...rest] = wrap(text, indent, width);
  return [`${heading}${first.slice(indent.length)}`, ...rest];
}
