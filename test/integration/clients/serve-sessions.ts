import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  StreamableHTTPServerTransport,
  type EventStore,
} from '@modelcontextprotocol/sdk/server/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** A server of the SDK, of either make. */
interface Connectable {
  readonly connect: (transport: Transport) => Promise<void>;
}

/** Serves streamable HTTP with sessions that can be resumed, each with a server of its own. */
export function serveSessions(
  createServer: () => Connectable,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const open = async () => {
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
      eventStore: createEventStore(),
      retryInterval: 20,
    });
    await createServer().connect(transport);
    return transport;
  };
  return async (request, response) => {
    const transport = sessions.get(String(request.headers['mcp-session-id'])) ?? (await open());
    await transport.handleRequest(request, response);
  };
}

/** Keeps what was sent on each stream, so that it can be had again from any event on. */
function createEventStore(): EventStore {
  const events: { id: string; streamId: string; message: Parameters<EventStore['storeEvent']>[1] }[] = [];
  const streamOf = (id: string) => events.find((event) => event.id === id)?.streamId;
  return {
    storeEvent: (streamId, message) => {
      const id = `event-${events.length}`;
      events.push({ id, streamId, message });
      return Promise.resolve(id);
    },
    getStreamIdForEventId: (id) => Promise.resolve(streamOf(id)),
    replayEventsAfter: async (lastId, { send }) => {
      const streamId = streamOf(lastId) ?? '';
      const after = events.slice(events.findIndex(({ id }) => id === lastId) + 1);
      for (const { id, message } of after.filter((event) => event.streamId === streamId))
        // A priming event has nothing in it to send again.
        if ('jsonrpc' in message) await send(id, message);
      return streamId;
    },
  };
}
