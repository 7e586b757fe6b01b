/**
 * A link with a round trip: what comes is passed on half of it later, and a new connection takes a whole one, as the
 * handshake of TCP does. argv: port behind it, round trip in ms. Its port is sent to the parent.
 */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

const [, , behind = '', roundTrip = ''] = process.argv;
const roundTripMs = Number(roundTrip);

const server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => {
  const inner = connect({ port: Number(behind), host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  const establishedAtMs = performance.now() + roundTripMs;
  passOn(socket, inner, establishedAtMs);
  passOn(inner, socket, establishedAtMs);
});
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.once('disconnect', () => process.exit());

/** Nothing leaves before the connection would stand, whatever was written until then, and nothing overtakes. */
function passOn(from: Socket, to: Socket, establishedAtMs: number): void {
  const underWay: (() => void)[] = [];
  const later = (what: () => void) => {
    underWay.push(what);
    const untilStandsMs = Math.max(0, establishedAtMs - performance.now());
    setTimeout(() => underWay.shift()?.(), untilStandsMs + roundTripMs / 2);
  };
  from.on('data', (chunk) => later(() => to.write(chunk)));
  from.once('end', () => later(() => to.end()));
  from.once('error', () => to.destroy());
  from.once('close', () => later(() => to.destroy()));
}
