import { describe, expect, it } from 'vitest';
import { poll } from '../harness/poll.ts';
import { toolMissing } from '../harness/require-tool.ts';
import { callAll, startFewServers } from '../integration/status/a-few-servers.ts';
import { browserCommand, openPage, startBrowser, type Page } from './open-page.ts';

const skip = toolMissing(browserCommand);

describe('the status page in Chromium stays usable', { timeout: 90_000 }, () => {
  it.skipIf(skip)('text can be selected while calls go on and the row changes (needs chromium)', async () => {
    const few = await startFewServers();
    await callAll(few, ['billing']);
    const { page } = await openPage(await startBrowser(), `${few.sidecar.adminUrl}/`);
    const billing = row(page, 'billing');
    await billing.locator('summary').click();
    await billing.locator('pre').first().selectText();
    const selected = () => page.evaluate(() => document.getSelection()?.toString());
    const before = await selected();
    expect(before).toContain('TLS of billing.corp.test');
    const failedAt = () =>
      billing.locator('dt', { hasText: 'last failure' }).locator('+ dd time').getAttribute('datetime');
    const first = await failedAt();
    await callAll(few, ['billing']);
    await poll(async () => (await failedAt()) !== first, { timeoutMs: 15_000 });
    expect(await selected()).toBe(before);
  });

  it.skipIf(skip)('comes back after it was refused, and says so until then (needs chromium)', async () => {
    const few = await startFewServers();
    const open = () =>
      fetch(`${few.sidecar.adminUrl}/api/servers`, { headers: { accept: 'text/event-stream' } });
    const readers = await Promise.all(Array.from({ length: 20 }, open));
    const { page } = await openPage(await startBrowser(), `${few.sidecar.adminUrl}/`);
    const connection = () => page.locator('#connection').innerText();
    await poll(async () => (await connection()).startsWith('NOT live: refused'), { timeoutMs: 15_000 });
    for (const { body } of readers) await body?.cancel();
    await poll(async () => (await connection()) === 'live', { timeoutMs: 15_000 });
    expect(await page.locator('#servers > li').count()).toBe(9);
  });

  it.skipIf(skip)('fits a screen as narrow as 320 pixels, as at 400 % (needs chromium)', async () => {
    const few = await startFewServers();
    await callAll(few, ['billing', 'vendor']);
    const { page } = await openPage(await startBrowser(), `${few.sidecar.adminUrl}/`, {
      viewport: { width: 320, height: 600 },
    });
    for (const name of ['billing', 'vendor', 'archive']) await row(page, name).locator('summary').click();
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
    // What is wider scrolls by itself, and can be got at without a mouse.
    const chain = page.getByRole('group', { name: 'chain of billing' });
    await chain.focus();
    await page.keyboard.press('ArrowRight');
    await poll(async () => (await chain.evaluate((element) => element.scrollLeft)) > 0);
  });
});

function row(page: Page, name: string) {
  return page.locator('#servers > li').filter({ has: page.locator('.name', { hasText: name }) });
}
