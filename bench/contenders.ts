import type { ChildProcess } from 'node:child_process';
import type { Build } from './build.ts';
import { envoy } from './subjects/envoy.ts';
import { floor } from './subjects/floor.ts';
import { haproxy } from './subjects/haproxy.ts';
import { mitmproxy } from './subjects/mitmproxy.ts';
import { nginx } from './subjects/nginx.ts';
import { nodeProxy } from './subjects/node-proxy.ts';
import { sidecar } from './subjects/sidecar.ts';

/** What a proxy is started with. */
export interface Setting {
  /** For its files; another for each. */
  readonly directory: string;
  readonly upstreamPort: number;
  /** The CA by which it verifies the upstream, whose name is `localhost`. */
  readonly caFile: string;
  /** Of that CA, for who ends TLS itself. */
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly build: Build;
}

/** A proxy that runs. */
export interface Subject {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly port: number;
  /** What stands before the path of a request. */
  readonly prefix: string;
}

/** A proxy to measure. */
export interface Contender {
  readonly name: string;
  /** Undefined: it is not installed here. */
  readonly version: string | undefined;
  /** Which part of the others' requests it gets: the slow ones are known well enough by fewer. */
  readonly share: number;
  readonly start: (setting: Setting) => Promise<Subject>;
}

/** All, those too that are missing here. A log line for each request, or none: like is compared with like. */
export const contenders: readonly Contender[] = [
  sidecar('sidecar', 'failures'),
  sidecar('sidecar, logging', 'all'),
  nginx('nginx', false),
  nginx('nginx, logging', true),
  haproxy,
  envoy,
  nodeProxy('http-proxy'),
  nodeProxy('http-proxy-3'),
  mitmproxy,
  floor('http'),
  floor('sockets'),
];

/** What else was looked for: it is in none of the registries that this benchmark takes its peers from. */
export const unavailable = 'agentgateway (published as container images and files of GitHub releases only)';
