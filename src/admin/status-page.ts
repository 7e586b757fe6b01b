import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The status page, whole: style and script are part of it, and nothing else may run or be loaded. */
export interface StatusPage {
  readonly html: string;
  /** Content-Security-Policy (W3C CSP Level 3). */
  readonly policy: string;
}

/** Reads the parts of the page and puts them into one. */
export function loadStatusPage(): StatusPage {
  const [template, style, script] = ['status.html', 'status.css', 'status.js'].map((name) =>
    readFileSync(new URL(`page/${name}`, import.meta.url), 'utf8'),
  ) as [string, string, string];
  const html = template
    .replace('<!-- style -->', () => `<style>${style}</style>`)
    .replace('<!-- script -->', () => `<script type="module">${script}</script>`);
  const policy = [
    "default-src 'none'",
    `style-src '${sha256(style)}'`,
    `script-src '${sha256(script)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ');
  return { html, policy };
}

function sha256(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
