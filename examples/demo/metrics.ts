type Labels = Readonly<Record<string, string>>;

/** The text of `/metrics`. */
export async function scrape(adminUrl: string): Promise<string> {
  const response = await fetch(`${adminUrl}/metrics`);
  if (!response.ok) throw new Error(`${adminUrl}/metrics answered ${response.status}`);
  return response.text();
}

/** The lines of a metric that carry these labels, as they stand. */
export function lines(text: string, name: string, labels: Labels = {}): string[] {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((pair) => line.includes(pair)));
}

/** The value of the one line that carries these labels; NaN where there is none. */
export function valueOf(text: string, name: string, labels?: Labels): number {
  const [line = ''] = lines(text, name, labels);
  return Number.parseFloat(line.slice(line.lastIndexOf(' ') + 1));
}
