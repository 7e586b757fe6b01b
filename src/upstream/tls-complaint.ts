import { errorCode } from './classify.ts';

/** What a failed handshake tells beyond its reason: for people, never for metrics. */
export type TlsComplaint =
  /** What came is no TLS record. */
  | 'not_tls'
  /** No version in common. */
  | 'version'
  /** The alert that says nothing: no cipher in common, or (TLS 1.2) a client certificate that was not shown. */
  | 'handshake_failure'
  /** It does not take the certificate that it was shown, or wanted one. */
  | 'client_certificate'
  /** It does not know the name that was sent. */
  | 'server_name'
  /** It does not speak HTTP/1.1 over TLS. */
  | 'application_protocol';

const complaints: readonly (readonly [RegExp, TlsComplaint])[] = [
  [/UNSUPPORTED_PROTOCOL|ALERT_PROTOCOL_VERSION|VERSION_TOO_LOW/, 'version'],
  [
    /WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST|RECORD_LAYER_FAILURE|UNEXPECTED_MESSAGE/,
    'not_tls',
  ],
  [/UNRECOGNIZED_NAME/, 'server_name'],
  [/NO_APPLICATION_PROTOCOL/, 'application_protocol'],
  [
    /ALERT_(?:UNKNOWN_CA|BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_\w+|ACCESS_DENIED|NO_CERTIFICATE)/,
    'client_certificate',
  ],
  [/ALERT_HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY/, 'handshake_failure'],
];

/** What OpenSSL's code of a failed handshake means, where it means something. */
export function complaintOf(error: unknown): TlsComplaint | undefined {
  const code = errorCode(error) ?? '';
  return complaints.find(([pattern]) => pattern.test(code))?.[1];
}
