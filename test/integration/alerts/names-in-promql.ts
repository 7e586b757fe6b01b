/** What an expression of PromQL names. */
export interface NamesInPromql {
  readonly metrics: readonly string[];
  /** By metric, in its braces. */
  readonly matchers: ReadonlyMap<string, readonly string[]>;
  /** In `by`, `without`, `on` and `ignoring`. */
  readonly groupings: readonly string[];
}

const keywords = new Set(['and', 'or', 'unless', 'bool', 'offset', 'by', 'without', 'on', 'ignoring']);

/** Finds the metrics and labels in an expression. Not a parser: promtool says whether the expression is one. */
export function namesInPromql(expr: string): NamesInPromql {
  const bare = expr.replace(/"(?:[^"\\]|\\.)*"/g, '""').replace(/\[[^\]]*\]/g, '');
  const matchers = new Map<string, string[]>();
  const withoutBraces = bare.replace(/([\w:]+)\{([^}]*)\}/g, (_, metric: string, inside: string) => {
    const labels = [...inside.matchAll(/(\w+)\s*[=!]/g)].map(([, label = '']) => label);
    matchers.set(metric, [...(matchers.get(metric) ?? []), ...labels]);
    return `${metric} `;
  });
  const groupings: string[] = [];
  const plain = withoutBraces.replace(/\b(?:by|without|on|ignoring)\s*\(([^)]*)\)/g, (_, inside: string) => {
    groupings.push(...inside.split(',').map((label) => label.trim()));
    return ' ';
  });
  const words = [...plain.matchAll(/(?<![\w:.$])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()/g)].map(([word]) => word);
  return { metrics: [...new Set(words.filter((word) => !keywords.has(word)))], matchers, groupings };
}
