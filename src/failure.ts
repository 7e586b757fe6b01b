/** Where in a request's way it failed: the `phase` of bodies and logs. */
export type Phase = 'request' | 'policy' | 'resolve' | 'connect' | 'handshake' | 'response';

interface FailureRow {
  /** HTTP status of the reply; 0 where there is nobody left to reply to. */
  readonly status: number;
  /** Error type of RFC 9209 section 2.3, or undefined where there is no reply. */
  readonly proxyStatus: string | undefined;
  /** What failed and why, in words that follow the server's name: `"name": …`. */
  readonly sentence: string;
  readonly hint: string;
}

/**
 * The closed list of failures (INTERFACE section 5). The key is the metric label, the log field, the `details` of
 * Proxy-Status and the `reason` in bodies.
 */
const rows = {
  request_malformed: {
    status: 400,
    proxyStatus: 'http_request_error',
    sentence: 'the request is not well-formed HTTP for this route',
    hint: 'send one Host header, a valid host, and either an absolute http:// URL or /SERVER/path',
  },
  policy_denied: {
    status: 403,
    proxyStatus: 'http_request_denied',
    sentence: 'the policy of this sidecar does not allow the request',
    hint: 'list the host under mcp_servers or mcp_tls_sidecar.hosts',
  },
  server_unknown: {
    status: 500,
    proxyStatus: 'destination_not_found',
    sentence: 'no entry of mcp_servers has the name in the first segment of the path',
    hint: 'write the path as /SERVER/…, with the name as it stands in mcp_servers; upper and lower case differ',
  },
  configuration_unusable: {
    status: 500,
    proxyStatus: 'proxy_configuration_error',
    sentence: 'its configuration cannot be used',
    hint: 'run mcp-tls-sidecar check beside the sidecar: it names the file and the line',
  },
  address_prohibited: {
    status: 502,
    proxyStatus: 'destination_ip_prohibited',
    sentence: 'its name leads to an address that is never dialled (link-local, metadata, or this sidecar)',
    hint: 'correct the DNS record, or list the IP address itself as an entry if it is really meant',
  },
  loop_detected: {
    status: 502,
    proxyStatus: 'proxy_loop_detected',
    sentence: 'the request has been through this sidecar before',
    hint: 'point the url of the entry (or tls.upstream_url) at the real server, not at the sidecar',
  },
  limit_reached: {
    status: 503,
    proxyStatus: 'connection_limit_reached',
    sentence: 'the sidecar is at its limit of connections',
    hint: 'close idle clients, or raise mcp_tls_sidecar.limits.connections',
  },
  draining: {
    status: 503,
    proxyStatus: 'destination_unavailable',
    sentence: 'the sidecar is shutting down',
    hint: 'try again in a moment',
  },
  dns_failed: {
    status: 502,
    proxyStatus: 'dns_error',
    sentence: 'its name cannot be resolved',
    hint: 'check the host in the url, and the resolver of this machine',
  },
  dns_timeout: {
    status: 504,
    proxyStatus: 'dns_timeout',
    sentence: 'resolving its name took too long',
    hint: 'check the resolver of this machine, or raise mcp_tls_sidecar.timeouts.dial',
  },
  connect_refused: {
    status: 502,
    proxyStatus: 'connection_refused',
    sentence: 'it refused the TCP connection',
    hint: 'check that the server runs and that the port in the url is right',
  },
  connect_unroutable: {
    status: 502,
    proxyStatus: 'destination_ip_unroutable',
    sentence: 'there is no route to its address',
    hint: 'check the network, VPN and firewall between this machine and the server',
  },
  connect_timeout: {
    status: 504,
    proxyStatus: 'connection_timeout',
    sentence: 'it did not answer the TCP connection in time',
    hint: 'check the firewall on the way, or raise mcp_tls_sidecar.timeouts.dial',
  },
  upstream_proxy_refused: {
    status: 502,
    proxyStatus: 'connection_refused',
    sentence: 'the upstream proxy refused the connection',
    hint: 'look at the log of the proxy and at mcp_tls_sidecar.upstream_proxy; mcp_tls_sidecar.no_proxy names what is dialled directly',
  },
  connection_lost: {
    status: 502,
    proxyStatus: 'connection_terminated',
    sentence: 'the connection to it was closed before it answered',
    hint: 'look at the log of the server, and for a middlebox that resets TLS',
  },
  tls_timeout: {
    status: 504,
    proxyStatus: 'connection_timeout',
    sentence: 'it did not finish the TLS handshake in time',
    hint: 'check that the port speaks TLS, or raise mcp_tls_sidecar.timeouts.dial',
  },
  tls_cert_expired: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'a certificate in its chain has expired',
    hint: 'the owner of the server has to renew the certificate; check the clock of this machine',
  },
  tls_cert_not_yet_valid: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'a certificate in its chain is not valid yet',
    hint: 'check the clock of this machine and the dates of the certificate',
  },
  tls_cert_name_mismatch: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'its certificate is not for this host name',
    hint: 'use the host name of the certificate in the url, or set tls.server_name to it',
  },
  tls_cert_issuer_unknown: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'its certificate does not lead to a CA that ssl_verify trusts',
    hint: 'point ssl_verify at the bundle with its CA, or have the server send its intermediate certificate; mcp-tls-sidecar doctor tells which',
  },
  tls_cert_self_signed: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'its certificate is self-signed and not in the bundle',
    hint: 'point ssl_verify at a PEM file that holds this very certificate',
  },
  tls_cert_pin_mismatch: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'the key of its certificate is not one of the pinned ones',
    hint: 'compare the pin in the log with tls.pin_sha256: the server has a new key, or somebody is in between; ask its owner before you change the pin',
  },
  tls_cert_strict: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'its certificate chain fails strict X.509 rules',
    hint: 'the owner of the server has to issue it anew with what the log names; without tls.strict: true the sidecar accepts it',
  },
  tls_cert_rejected: {
    status: 502,
    proxyStatus: 'tls_certificate_error',
    sentence: 'its certificate chain was rejected',
    hint: 'run mcp-tls-sidecar doctor: it draws the chain and names the cause; the log of the sidecar has the code of OpenSSL',
  },
  tls_client_cert_required: {
    status: 502,
    proxyStatus: 'tls_alert_received',
    sentence: 'it asks for a client certificate',
    hint: 'name the certificate and key that its owner gave you in tls.client_certificate and tls.client_key, or look whether the server takes the one you have',
  },
  tls_alert_received: {
    status: 502,
    proxyStatus: 'tls_alert_received',
    sentence: 'it ended the TLS handshake with an alert',
    hint: 'look at the log of the server; it may want another protocol version, cipher or server name',
  },
  tls_protocol_error: {
    status: 502,
    proxyStatus: 'tls_protocol_error',
    sentence: 'it does not speak TLS that this sidecar understands',
    hint: 'check that the port speaks TLS 1.2 or later and not plain http',
  },
  response_timeout: {
    status: 504,
    proxyStatus: 'http_response_timeout',
    sentence: 'it did not begin to answer in time',
    hint: 'look at the server, or raise mcp_tls_sidecar.timeouts.response',
  },
  response_malformed: {
    status: 502,
    proxyStatus: 'http_protocol_error',
    sentence: 'its answer is not one that can be passed on',
    hint: 'look at what the server sends: broken HTTP, or an address that leads away from it',
  },
  response_incomplete: {
    status: 502,
    proxyStatus: 'http_response_incomplete',
    sentence: 'it broke off in the middle of its answer',
    hint: 'look at the log of the server and for a time limit of a middlebox',
  },
  internal: {
    status: 500,
    proxyStatus: 'proxy_internal_error',
    sentence: 'the sidecar failed; this is a bug',
    hint: 'please report it with the log line of this request',
  },
  downstream_aborted: {
    status: 0,
    proxyStatus: undefined,
    sentence: 'the client left',
    hint: 'look at the log of the client: its time limit, or, of a host without an entry, whether it trusts the certificate of the server',
  },
  downstream_tls_failed: {
    status: 0,
    proxyStatus: undefined,
    sentence: 'the client did not finish the TLS handshake with the sidecar',
    hint: "have the client trust the sidecar's ca-bundle.pem (SSL_CERT_FILE, NODE_EXTRA_CA_CERTS, CURL_CA_BUNDLE), and restart it if the bundle was made anew",
  },
} as const satisfies Record<string, FailureRow>;

export type FailureReason = keyof typeof rows;

/** See {@link rows}: exhaustive by type. */
export const failureTable: Readonly<Record<FailureReason, FailureRow>> = rows;

export const failureReasons = Object.keys(rows) as readonly FailureReason[];

/** The reasons that `upstream_handshake_failures_total` counts, and has at 0 from the start for every server. */
export const handshakeFailureReasons = failureReasons.filter(
  (reason) => reason.startsWith('tls_') || reason === 'connection_lost',
);

/** What went wrong, as a value. Every step of a request yields its result or one of these. */
export class Failure {
  readonly reason: FailureReason;
  readonly phase: Phase;
  /** The error behind it, for the log only: upstream text never goes to a client. */
  readonly cause: unknown;
  /** What happened, in the words that fit best. */
  readonly sentence: string;
  readonly hint: string;
  /** HTTP status of the reply; 0 where there is nobody left to reply to. */
  readonly status: number;
  /** Whether it befell the upstream proxy, on the way to the server. */
  readonly isOfProxy: boolean;

  /** @param words in place of those of the table, where one knows better; safe for clients */
  constructor(
    reason: FailureReason,
    phase: Phase,
    cause?: unknown,
    words: FailureWords = failureTable[reason],
  ) {
    this.reason = reason;
    this.phase = phase;
    this.cause = cause;
    this.sentence = words.sentence;
    this.hint = words.hint;
    this.status = words.status ?? failureTable[reason].status;
    this.isOfProxy = words.isOfProxy ?? false;
  }
}

/** What happened, in words that follow the server's name, and what to do; a status where it is not the table's. */
export type FailureWords = Pick<FailureRow, 'sentence' | 'hint'> & {
  readonly status?: number;
  readonly isOfProxy?: boolean;
};

/** One sentence: what failed, for which server (undefined where none was found), why. Safe for clients. */
export function describeFailure({ sentence }: Failure, server: string | undefined): string {
  return server === undefined
    ? `request failed: ${sentence}`
    : `request to MCP server "${server}" failed: ${sentence}`;
}
