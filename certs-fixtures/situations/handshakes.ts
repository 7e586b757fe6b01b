import { createCa } from '../create-ca.ts';
import {
  host,
  presenting,
  situations,
  type SituationDraft,
  type Peer,
  type TlsServer,
} from '../situation.ts';

const root = createCa();
const clients = createCa();
const good = root.issue(host);
const wanted = { requestCert: true, rejectUnauthorized: true, ca: clients.pem } as const;

const versions = {
  '12': { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' },
  '13': { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.3' },
} as const;

/** What goes wrong, or well, beside the certificate of the server. */
export const handshakes = situations([
  served('tls-12-only', 'TLS 1.2 and nothing else', versions['12']),
  served('tls-13-only', 'TLS 1.3 and nothing else', versions['13']),
  {
    ...served('tls-11-at-most', 'a server of today that is set to TLS 1.0 and 1.1', {
      minVersion: 'TLSv1',
      maxVersion: 'TLSv1.1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    }),
    expected: 'tls_alert_received',
    because: 'It sees that no version is common and says so by an alert.',
  },
  peer(
    'TLS 1.0',
    'a server from before TLS 1.1',
    'tls_protocol_error',
    'It answers with a version that is refused.',
  ),
  peer(
    'TLS 1.1',
    'a server from before TLS 1.2',
    'tls_protocol_error',
    'It answers with a version that is refused.',
  ),
  {
    ...served('no-common-cipher', 'a server whose ciphers no client has', {
      ...versions['12'],
      ciphers: 'ECDHE-ECDSA-NULL-SHA:@SECLEVEL=0',
    }),
    expected: 'tls_alert_received',
    because: 'It sees that no cipher is common and says so by an alert.',
  },
  ...(['12', '13'] as const).flatMap((version) => mutual(version)),
  {
    id: 'sni-picks-certificate',
    title: 'a server that has a certificate for each server name',
    expected: 'accepted',
    because: 'The name is sent (RFC 6066), and the right certificate comes.',
    setUp: () => presenting(good, root, { otherwise: root.issue('other.test') }),
  },
  {
    id: 'sni-missing-for-address',
    title: 'such a server, dialled by address',
    expected: 'tls_cert_name_mismatch',
    because: 'An address is no server name: the certificate that comes is the one for everybody else.',
    setUp: () =>
      presenting(root.issue('other.test'), root, { host: '127.0.0.1', otherwise: root.issue('other.test') }),
  },
  {
    id: 'pin-fits',
    title: 'a leaf whose key is pinned',
    expected: 'accepted',
    because: 'The chain holds and the key is one of the pins.',
    setUp: () => presenting(good, root, { pins: [good.pin] }),
  },
  {
    id: 'pin-other',
    title: 'a good leaf whose key is not the one that is pinned',
    expected: 'tls_cert_pin_mismatch',
    because: 'Pins are on top of verification.',
    differs: 'The pin is a setting of the sidecar.',
    setUp: () => presenting(good, root, { pins: [root.issue(host).pin] }),
  },
  peer('plaintext', 'a port that speaks plain HTTP', 'tls_protocol_error', 'What came is no TLS.'),
  peer(
    'reset',
    'a reset in the handshake',
    'connection_lost',
    'What a middlebox does that does not like the name.',
  ),
  peer(
    'fin',
    'the connection closed in the handshake',
    'connection_lost',
    'What a port forwarder does without a target.',
  ),
  peer('stall', 'nothing ever comes', 'tls_timeout', 'It takes the connection and does not answer.'),
]);

function served(id: string, title: string, tls: TlsServer['tls']): SituationDraft {
  const because = 'A version that is spoken.';
  return {
    id,
    title,
    expected: 'accepted',
    because,
    setUp: () => presenting(good, root, { tls: tls ?? {} }),
  };
}

function mutual(version: '12' | '13'): SituationDraft[] {
  const name = `TLS 1.${version[1] ?? ''}`;
  const tls = { ...wanted, ...versions[version] };
  const wrong = createCa().issue('client', { extendedKeyUsage: ['clientAuth'] });
  const right = clients.issue('client', { extendedKeyUsage: ['clientAuth'] });
  return [
    {
      id: `client-certificate-sent-${version}`,
      title: `a server that wants a client certificate over ${name} and gets it`,
      expected: 'accepted',
      because: 'The client has one of a CA that the server believes.',
      setUp: () => presenting(good, root, { tls, client: right }),
    },
    {
      id: `client-certificate-required-${version}`,
      title: `a server that wants a client certificate over ${name}`,
      expected: version === '13' ? 'tls_client_cert_required' : 'tls_alert_received',
      because: version === '13' ? 'TLS 1.3 has an alert for it.' : 'TLS 1.2 has no alert of its own for it.',
      setUp: () => presenting(good, root, { tls }),
    },
    {
      id: `client-certificate-wrong-${version}`,
      title: `a server that hangs up on a client certificate of a CA that it does not know, over ${name}`,
      expected: 'connection_lost',
      because: 'What Node does as a server; others send an alert, and that is tls_alert_received.',
      setUp: () => presenting(good, root, { tls, client: wrong }),
    },
  ];
}

function peer(
  kind: Peer,
  title: string,
  expected: SituationDraft['expected'],
  because: string,
): SituationDraft {
  const id = `peer-${kind.toLowerCase().replaceAll(/[ .]/g, '-')}`;
  return { id, title, expected, because, setUp: () => ({ host, bundle: root.pem, server: kind }) };
}
