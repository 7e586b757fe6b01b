import { describe, expect, it } from 'vitest';
import { caInput, caSettings, dayMs, startCa } from './ca-world.ts';

describe('a leaf is minted once', () => {
  it('a host, however often it is asked for', async () => {
    const { ca } = await startCa(caSettings());
    const first = ca.contextFor('mcp.test');
    for (let again = 0; again < 100; again++) expect(ca.contextFor('mcp.test')).toBe(first);
    expect(ca.contextFor('other.test')).not.toBe(first);
    expect(ca.minted).toBe(2);
  });

  it('over refreshes and reloads that change nothing', async () => {
    const settings = caSettings();
    const { ca } = await startCa(settings);
    const first = ca.contextFor('mcp.test');
    await ca.refresh(caInput(settings));
    expect(ca.contextFor('mcp.test')).toBe(first);
    expect(ca.minted).toBe(1);
  });

  it('and again when less than a day is left', async () => {
    let nowMs = Date.now();
    const { ca } = await startCa(caSettings(), { now: () => nowMs });
    const first = ca.contextFor('mcp.test');
    nowMs += 6 * dayMs - 60_000;
    expect(ca.contextFor('mcp.test')).toBe(first);
    nowMs += 120_000;
    expect(ca.contextFor('mcp.test')).not.toBe(first);
    expect(ca.minted).toBe(2);
  });

  it('but not at each request where no new one would last longer', async () => {
    let nowMs = Date.now();
    const { ca } = await startCa(caSettings(), { now: () => nowMs });
    nowMs += 730 * dayMs - dayMs / 2;
    const first = ca.contextFor('mcp.test');
    expect(first).not.toHaveProperty('severity');
    nowMs += dayMs / 4;
    expect(ca.contextFor('mcp.test')).toBe(first);
    // And none at all by a CA that has expired.
    nowMs += dayMs / 2;
    expect(ca.contextFor('mcp.test')).toMatchObject({ message: 'the CA has expired' });
    nowMs -= 800 * dayMs;
    expect(ca.contextFor('mcp.test')).toMatchObject({ message: 'the CA is not valid yet' });
  });

  it('and again where the clock was set back behind its beginning', async () => {
    let nowMs = Date.now();
    const { ca } = await startCa(caSettings(), { now: () => nowMs });
    nowMs += 10 * dayMs;
    const first = ca.contextFor('mcp.test');
    nowMs -= 3 * dayMs;
    expect(ca.contextFor('mcp.test')).not.toBe(first);
  });
});

describe('the cache of leaves is bounded', () => {
  it('at 500 of 10,000 hosts, those in use staying', { timeout: 60_000 }, async () => {
    const { ca } = await startCa(caSettings());
    const busy = ca.contextFor('busy.corp.test');
    for (let host = 0; host < 10_000; host++) {
      ca.contextFor(`h${host}.corp.test`);
      if (host % 400 === 0) expect(ca.contextFor('busy.corp.test')).toBe(busy);
    }
    expect(ca.minted).toBe(10_001);
    // The last 499 and the busy one are there still; the one before them is not.
    for (let host = 9_999; host > 9_501; host--) ca.contextFor(`h${host}.corp.test`);
    expect(ca.minted).toBe(10_001);
    ca.contextFor('h9500.corp.test');
    expect(ca.minted).toBe(10_002);
  });
});
