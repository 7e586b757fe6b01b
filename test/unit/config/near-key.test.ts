import { expect, test } from 'vitest';
import { isLitellmKey, LITELLM_KEYS } from '../../../src/config/known-keys.ts';
import { editDistance, findNearKey } from '../../../src/config/near-key.ts';

test.each([
  ['kitten', 'kitten', 0],
  ['dail', 'dial', 1],
  ['tls', 'tl', 1],
  ['tls', 'ssl', 2],
  ['dail', 'dal', 1],
])('%s and %s are %i apart', (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test.each(['ssl-verify', 'SslVerify', 'verify_ssl', 'VERIFY-SSL', 'sslverify', 'ssl_verfiy', 'sl_verfy'])(
  '%s nearly spells ssl_verify',
  (key) => {
    expect(findNearKey(key, ['ssl_verify', 'tls'])).toBe('ssl_verify');
  },
);

test.each(['verify', 'ssl', 'tools', 'tags', 'sl_verf', 'ssl_verify_depth', 'ttl'])(
  '%s is a key of its own',
  (key) => {
    expect(findNearKey(key, ['ssl_verify', 'tls'])).toBeUndefined();
  },
);

test('names of up to four letters allow one slip only', () => {
  expect(findNearKey('tsl', ['tls'])).toBe('tls');
  expect(findNearKey('tsa', ['tls'])).toBeUndefined();
});

test('the nearest of several keys is meant', () => {
  expect(findNearKey('client_keys', ['client_cert', 'client_key'])).toBe('client_key');
});

test("LiteLLM's keys include all of AWS", () => {
  expect(isLitellmKey('aws_role_name')).toBe(true);
  expect(isLitellmKey('ssl_verfy')).toBe(false);
  expect(LITELLM_KEYS.has('static_headers')).toBe(true);
});
