import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { ask, openRequest } from '../harness/ask.ts';
import { browserCommand, openPage, startBrowser, type Page } from './open-page.ts';
import { poll } from '../harness/poll.ts';
import { toolMissing } from '../harness/require-tool.ts';
import {
  callAll,
  leaves,
  startFewServers,
  strangerPem,
  type FewServers,
} from '../integration/status/a-few-servers.ts';

const skip = toolMissing(browserCommand);
/** Where pictures for the docs go: `MCP_TLS_SIDECAR_TEST_PICTURES=docs/pictures npx vitest run test/browser`. */
const pictures = process.env['MCP_TLS_SIDECAR_TEST_PICTURES'];

describe('the status page in Chromium', { timeout: 90_000 }, () => {
  it.skipIf(skip)('tells a visitor what fails, why, and what to do (needs chromium)', async () => {
    const { page, errors } = await visit(['jira', 'billing', 'search', 'lab', 'vendor', 'archive']);
    expect(await page.locator('#overview').innerText()).toMatch(
      /^9 servers · 3 failing · 2 to look at · the last load of the configuration FAILED$/,
    );
    // The most urgent first.
    const badges = await page.locator('summary .badge').allInnerTexts();
    expect(badges.map((one) => one.trim())).toEqual([
      ...['failing', 'failing', 'failing', 'look at this', 'look at this'],
      ...['not seen yet', 'not seen yet', 'not seen yet', 'good'],
    ]);
    const billing = row(page, 'billing');
    expect(await billing.locator('summary').innerText()).toContain('expired on');
    expect(await billing.locator('summary').innerText()).toContain('(tls_cert_expired)');
    await billing.locator('summary').click();
    const details = await billing.locator('.details').innerText();
    for (const words of [
      'What to do',
      'To the owner of the server:',
      'mcp-tls-sidecar doctor billing --config /',
      'CN=Corporate Root CA',
    ])
      expect(details).toContain(words);
    expect(await row(page, 'archive').locator('summary').innerText()).toContain('ca.pem');
    expect(await page.locator('#problems').innerText()).toContain('ca.pem');
    expect(await page.locator('#configuration').innerText()).toContain(
      ': in force, but for the entries with errors',
    );
    expect(errors).toEqual([]);
    await picture(page, 'status-page.png');
  });

  it.skipIf(skip)('shows markup in a certificate as the text that it is (needs chromium)', async () => {
    const { page, errors } = await visit(['vendor']);
    await row(page, 'vendor').locator('summary').click();
    expect(await row(page, 'vendor').locator('table').innerText()).toContain('<img src=x onerror=');
    expect(await page.locator('img, b').count()).toBe(0);
    expect(await page.title()).toBe('(1) mcp-tls-sidecar');
    expect(errors).toEqual([]);
  });

  it.skipIf(skip)('runs and loads nothing but itself (needs chromium)', async () => {
    const { page, few } = await visit([]);
    const loaded = await page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
    );
    expect(loaded.filter((path) => path !== '/api/servers')).toEqual([]);
    await expect(
      page.evaluate(() => {
        const script = document.createElement('script');
        script.textContent = 'document.title = "owned"';
        document.head.append(script);
      }),
    ).rejects.toThrow(/TrustedScript/);
    const fetched = page.evaluate((url) => fetch(url).then(() => 'loaded'), `http://${few.sidecar.proxy}/`);
    await expect(fetched).rejects.toThrow(/Failed to fetch/);
  });

  it.skipIf(skip)(
    'shows a reload, a failure and its repair without being reloaded (needs chromium)',
    async () => {
      const { page, few, errors } = await visit(['jira', 'lab']);
      await page.evaluate(() => document.body.setAttribute('data-same', 'page'));
      await expectBadge(page, 'lab', 'failing');
      few.sidecar.writeConfig(few.configText(strangerPem));
      await expectBadge(page, 'lab', 'not seen yet');
      await callAll(few, ['lab']);
      await expectBadge(page, 'lab', 'good');
      await callAll(few, ['billing']);
      await expectBadge(page, 'billing', 'failing');
      few.billing.swapCertificate(leaves.renewed);
      await callAll(few, ['billing']);
      await expectBadge(page, 'billing', 'good');
      few.sidecar.writeConfig('mcp_servers: [oops');
      await poll(async () => (await page.locator('#problems').innerText()).includes('config.yaml:1:'), {
        timeoutMs: 15_000,
      });
      expect(await page.getAttribute('body', 'data-same')).toBe('page');
      expect(errors).toEqual([]);
    },
  );

  it.skipIf(skip)('counts streams while they are open (needs chromium)', async () => {
    const { page, few } = await visit([]);
    few.servers['jira']?.server.removeAllListeners('request').on('request', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
    });
    const stream = await openRequest(few.sidecar.proxy, '/jira/mcp');
    stream.on('error', () => undefined).end();
    const summary = row(page, 'jira').locator('summary');
    await poll(async () => (await summary.innerText()).includes('1 open stream'), { timeoutMs: 15_000 });
    stream.destroy();
    await poll(async () => !(await summary.innerText()).includes('open stream'), { timeoutMs: 15_000 });
  });

  it.skipIf(skip)('says so when the sidecar is gone (needs chromium)', async () => {
    const { page, few } = await visit([]);
    await poll(async () => (await page.locator('#connection').innerText()) === 'live', { timeoutMs: 15_000 });
    await few.sidecar.close();
    await poll(async () => (await page.locator('#connection').innerText()).startsWith('NOT live'), {
      timeoutMs: 15_000,
    });
  });

  it.skipIf(skip)(
    'is used with the keyboard alone, and keeps the focus as it changes (needs chromium)',
    async () => {
      const { page, few } = await visit(['jira']);
      await page.keyboard.press('Tab');
      expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the servers');
      await page.locator('#filter').focus();
      await page.keyboard.type('jira');
      await poll(async () => (await page.locator('#shown').innerText()) === '1 of 9 shown');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Tab');
      const name = () => page.evaluate(() => document.activeElement?.querySelector('.name')?.textContent);
      expect(await name()).toBe('jira');
      await page.keyboard.press('Enter');
      expect(await row(page, 'jira').locator('details').getAttribute('open')).toBe('');
      few.servers['jira']?.swapCertificate(leaves.expired);
      await few.sidecar.reload('?close=changed');
      await ask(few.sidecar.proxy, '/lab/mcp');
      await expectBadge(page, 'lab', 'failing');
      expect(await name()).toBe('jira');
      expect(await row(page, 'jira').locator('details').getAttribute('open')).toBe('');
    },
  );

  it.skipIf(skip)(
    'is legible to a screen reader: landmarks, names, tables with headings (needs chromium)',
    async () => {
      const { page } = await visit(['jira', 'billing']);
      await row(page, 'billing').locator('summary').click();
      await expect(page.getByRole('main').count()).resolves.toBe(1);
      await expect(page.getByRole('banner').count()).resolves.toBe(1);
      await expect(page.getByRole('heading', { level: 1 }).count()).resolves.toBe(1);
      await expect(page.getByRole('region', { name: 'Servers' }).count()).resolves.toBe(1);
      await expect(page.getByRole('searchbox', { name: 'Find' }).count()).resolves.toBe(1);
      await expect(page.getByRole('checkbox', { name: 'only what needs attention' }).count()).resolves.toBe(
        1,
      );
      await expect(page.getByRole('columnheader', { name: 'issued by' }).count()).resolves.toBe(1);
      expect(await page.getAttribute('html', 'lang')).toBe('en');
    },
  );

  it.skipIf(skip).each(['light', 'dark'] as const)(
    'has enough contrast in %s (needs chromium)',
    async (colorScheme) => {
      const { page } = await visit(['jira', 'billing', 'search'], { colorScheme });
      await row(page, 'billing').locator('summary').click();
      const poor = (await page.evaluate(textContrasts)).filter(({ ratio }) => ratio < 4.5);
      expect(poor).toEqual([]);
      if (colorScheme === 'dark') await picture(page, 'status-page-dark.png');
    },
  );
});

/** Opens the page of a sidecar whose servers have been called. */
async function visit(
  called: readonly string[],
  options: Parameters<Browser['newPage']>[0] = {},
): Promise<{ page: Page; few: FewServers; errors: readonly string[] }> {
  const few = await startFewServers();
  await callAll(few, called);
  const { page, errors } = await openPage(await startBrowser(), `${few.sidecar.adminUrl}/`, options);
  await page.locator('#servers > li').first().waitFor({ timeout: 15_000 });
  return { page, few, errors };
}

function row(page: Page, name: string) {
  return page.locator('#servers > li').filter({ has: page.locator('.name', { hasText: name }) });
}

async function expectBadge(page: Page, name: string, words: string): Promise<void> {
  const badge = row(page, name).locator('.badge');
  await poll(async () => (await badge.innerText()).trim() === words, {
    timeoutMs: 15_000,
    what: `${name} shown as ${words}`,
  });
}

async function picture(page: Page, name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  await page.locator('#load[open] summary').click();
  await page.setViewportSize({ width: 1100, height: 1420 });
  await page.screenshot({ path: join(pictures, name) });
}

/** The contrast of each text with what is behind it (WCAG 2.2, 1.4.3). Runs in the page. */
function textContrasts(): { text: string; ratio: number }[] {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgb = (color: string): number[] => {
    canvas?.clearRect(0, 0, 1, 1);
    if (canvas !== null) canvas.fillStyle = color;
    canvas?.fillRect(0, 0, 1, 1);
    return [...(canvas?.getImageData(0, 0, 1, 1).data ?? [])];
  };
  const luminance = ([r = 0, g = 0, b = 0]: number[]) => {
    const [x = 0, y = 0, z = 0] = [r, g, b].map((one) => {
      const part = one / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element: Element | null): number[] => {
    const color = element === null ? [255, 255, 255, 255] : rgb(getComputedStyle(element).backgroundColor);
    return color[3] === 0 && element !== null ? ground(element.parentElement) : color;
  };
  const found: { text: string; ratio: number }[] = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].find((one) => one.nodeType === 3 && one.textContent?.trim() !== '');
    if (text === undefined || !element.checkVisibility()) continue;
    const [a, b] = [luminance(rgb(getComputedStyle(element).color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    found.push({ text: text.textContent?.trim() ?? '', ratio });
  }
  return found;
}
