import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Contender, Setting } from '../contenders.ts';
import { versionOf } from './find-program.ts';
import { freePort, startServer } from './start-server.ts';

/** Envoy with one worker: `pip install -r bench/requirements.txt` has it. */
export const envoy: Contender = {
  name: 'Envoy',
  version: versionOf('envoy', '--version', /\/(\d+\.\d+\.\d+)\//),
  share: 1,
  async start(setting) {
    const port = await freePort();
    mkdirSync(setting.directory, { recursive: true });
    const file = join(setting.directory, 'envoy.json');
    writeFileSync(file, JSON.stringify(config(setting, port)));
    return startServer(
      'envoy',
      ['-c', file, '--concurrency', '1', '--disable-hot-restart', '-l', 'off'],
      port,
    );
  },
};

const type = (name: string) => `type.googleapis.com/envoy.extensions.${name}`;
const at = (port: number) => ({ socket_address: { address: '127.0.0.1', port_value: port } });

const config = ({ upstreamPort, caFile }: Setting, port: number) => ({
  static_resources: {
    listeners: [{ name: 'in', address: at(port), filter_chains: [{ filters: [filter(upstreamPort)] }] }],
    clusters: [
      {
        name: 'bench',
        type: 'STATIC',
        connect_timeout: '10s',
        circuit_breakers: { thresholds: [{ max_connections: 10_000, max_requests: 10_000 }] },
        load_assignment: {
          cluster_name: 'bench',
          endpoints: [{ lb_endpoints: [{ endpoint: { address: at(upstreamPort) } }] }],
        },
        transport_socket: { name: 'tls', typed_config: tls(caFile) },
      },
    ],
  },
});

const filter = (upstreamPort: number) => ({
  name: 'http',
  typed_config: {
    '@type': type('filters.network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'in',
    stream_idle_timeout: '0s',
    route_config: { virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route(upstreamPort)] }] },
    http_filters: [{ name: 'router', typed_config: { '@type': type('filters.http.router.v3.Router') } }],
  },
});

const route = (upstreamPort: number) => ({
  match: { prefix: '/' },
  route: { cluster: 'bench', timeout: '0s', host_rewrite_literal: `localhost:${upstreamPort}` },
});

const tls = (caFile: string) => ({
  '@type': type('transport_sockets.tls.v3.UpstreamTlsContext'),
  sni: 'localhost',
  common_tls_context: {
    // For a client its own choice is TLS 1.2.
    tls_params: { tls_maximum_protocol_version: 'TLSv1_3' },
    validation_context: {
      trusted_ca: { filename: caFile },
      match_typed_subject_alt_names: [{ san_type: 'DNS', matcher: { exact: 'localhost' } }],
    },
  },
});
