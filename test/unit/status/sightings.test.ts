import { describe, expect, it } from 'vitest';
import { Failure, type FailureReason, type Phase } from '../../../src/failure.ts';
import type { Snapshot } from '../../../src/snapshot/snapshot.ts';
import { Sightings } from '../../../src/status/sightings.ts';

const authority = { host: 'mcp.test', port: 443 };

function seen() {
  const sightings = new Sightings();
  return {
    handshake: (resumed = false) =>
      sightings.handshakeDone({
        server: 'mcp',
        authority,
        resumed,
        begunMs: performance.now(),
        durationMs: 1,
        hidden: undefined,
        presented: [],
        chain: undefined,
      }),
    handshakeFails: (failure: Failure) =>
      sightings.handshakeFailed({
        server: 'mcp',
        authority,
        failure,
        begunMs: performance.now(),
        presented: [],
      }),
    request: (failure?: Failure) =>
      sightings.requestDone({
        server: 'mcp',
        authority,
        failure,
        times: { durationMs: 0, queueMs: 0, headMs: 0 },
      }),
    follow: (entries: readonly object[], always: readonly string[] = []) =>
      sightings.follow({ table: { entries } } as unknown as Snapshot, always),
    state: () => {
      const { isFailing, isReached, lastFailure } = sightings.of('mcp') ?? {};
      return { isFailing, isReached, reason: lastFailure?.failure.reason };
    },
  };
}

const nothing = { isFailing: undefined, isReached: undefined, reason: undefined };
const expired = () => new Failure('tls_cert_expired', 'handshake');

describe('what the last word on a server is', () => {
  it('nothing, before anything was seen', () => {
    expect(seen().state()).toEqual(nothing);
  });

  it('a handshake that succeeds ends failures of the way there', () => {
    for (const failure of [
      expired(),
      new Failure('dns_failed', 'resolve'),
      new Failure('connect_refused', 'connect'),
    ]) {
      const { request, handshake, state } = seen();
      request(failure);
      expect(state()).toEqual({ isFailing: true, isReached: false, reason: failure.reason });
      handshake();
      expect(state()).toEqual({ isFailing: false, isReached: true, reason: failure.reason });
    }
  });

  it('and does not end those of responses: each of them had its handshake', () => {
    const { request, handshake, state } = seen();
    request(new Failure('response_timeout', 'response'));
    handshake();
    expect(state()).toMatchObject({ isFailing: true, isReached: false });
    request();
    expect(state()).toMatchObject({ isFailing: false, isReached: true });
  });

  it('a request that failed by its handshake is the one failure that was told already', () => {
    const { request, handshakeFails, handshake, state } = seen();
    const failure = expired();
    handshakeFails(failure);
    handshake();
    request(failure);
    expect(state()).toMatchObject({ isFailing: false });
  });

  it.each<[FailureReason, Phase]>([
    ['downstream_aborted', 'response'],
    ['draining', 'response'],
    ['downstream_tls_failed', 'handshake'],
    ['request_malformed', 'request'],
    ['policy_denied', 'policy'],
    ['limit_reached', 'request'],
  ])('%s says nothing of the server', (reason, phase) => {
    const { request, state } = seen();
    request(new Failure(reason, phase));
    expect(state()).toEqual(nothing);
  });
});

describe('a step of policy', () => {
  const entry = (identity: string, state = 'usable') => ({
    entry: { name: 'mcp', identity },
    state,
    policy: { key: 'k' },
    successor: undefined,
  });

  it('leaves what was seen of an entry that is the same', () => {
    const { follow, request, state } = seen();
    follow([entry('a')]);
    request(expired());
    follow([entry('a')]);
    expect(state()).toMatchObject({ isFailing: true });
  });

  it.each([
    ['of another text', entry('b')],
    ['with another trust', { ...entry('a'), policy: { key: 'other' } }],
    ['that cannot be used any more', { ...entry('a', 'unusable'), policy: undefined }],
  ])('knows nothing yet of an entry %s', (_, changed) => {
    const { follow, request, state } = seen();
    follow([entry('a')]);
    request(expired());
    follow([changed]);
    expect(state()).toEqual({ isFailing: false, isReached: false, reason: 'tls_cert_expired' });
  });

  it('forgets servers that are gone, and never those that have no entry', () => {
    const gone = seen();
    gone.follow([entry('a')]);
    gone.request(expired());
    gone.follow([]);
    expect(gone.state()).toEqual(nothing);
    const kept = seen();
    kept.request(expired());
    kept.follow([], ['mcp']);
    expect(kept.state()).toMatchObject({ isFailing: true });
  });
});
