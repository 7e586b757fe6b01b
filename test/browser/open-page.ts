import { chromium, type Browser, type Page } from 'playwright-core';
import { cleanUp } from '../harness/clean-up.ts';

export type { Page };

/** The command of Debian's package, which tests need for `it.skipIf(toolMissing(browserCommand))`. */
export const browserCommand = 'chromium';

/** A page and all that went wrong on it: errors of its script and refusals by its policy. */
export interface OpenPage {
  readonly page: Page;
  readonly errors: readonly string[];
}

/** Starts a real Chromium; ended after the test. */
export async function startBrowser(): Promise<Browser> {
  const browser = await chromium.launch({
    executablePath: `/usr/bin/${browserCommand}`,
    // Root has no sandbox, and CI is root; only our own pages are opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
    timeout: 60_000,
  });
  cleanUp(() => browser.close());
  return browser;
}

/** Opens an address in a window of its own. */
export async function openPage(
  browser: Browser,
  url: string,
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<OpenPage> {
  const page = await browser.newPage({ viewport: { width: 1100, height: 950 }, ...options });
  const errors: string[] = [];
  page.on('pageerror', ({ message }) => errors.push(message));
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  await page.goto(url);
  return { page, errors };
}
