import { Agent, type ClientRequestArgs } from 'node:http';
import type { Duplex } from 'node:stream';
import { cleanUp } from '../../harness/clean-up.ts';
import type { RouteUnderTest } from '../../harness/routes.ts';

/** Keeps connections to a sidecar by a route, tunnels too: requests name the server as `host` and `port`. */
export class RouteAgent extends Agent {
  readonly #proxy: string;
  readonly #route: RouteUnderTest;

  constructor(proxy: string, route: RouteUnderTest, options: { keepAlive: boolean; maxSockets: number }) {
    super(options);
    this.#proxy = proxy;
    this.#route = route;
    cleanUp(() => this.destroy());
  }

  override createConnection(
    { host, port }: ClientRequestArgs,
    callback: (error: Error | null, stream: Duplex) => void,
  ): undefined {
    const named = { server: '', authority: `${host ?? ''}:${port ?? ''}` };
    this.#route.connect(this.#proxy, named).then(
      ({ socket }) => callback(null, socket),
      (error: unknown) => callback(error as Error, undefined as unknown as Duplex),
    );
  }
}
