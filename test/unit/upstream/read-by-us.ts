import { MalformedResponseError } from '../../../src/upstream/malformed-response.ts';
import type { ResponseHeads } from '../../../src/upstream/response-head.ts';
import { ResponseParser, type ResponseParts } from '../../../src/upstream/response-parser.ts';

/** A response as a reader took it. */
export interface Reading {
  /** `refused` is final; `incomplete` ends as a failure too, once the connection ends. */
  readonly outcome: 'whole' | 'switched' | 'incomplete' | 'refused';
  /** Why, in the reader's own words. */
  readonly refusal: string | undefined;
  /** Interim heads and the final one: status, phrase, names and values. */
  readonly heads: readonly (readonly string[])[];
  /** In Latin-1. */
  readonly body: string;
  readonly trailers: readonly string[];
  /** The index behind the response; undefined where it ends with the connection, or does not. */
  readonly end: number | undefined;
}

export const maxHeadBytes = 65_536;

/**
 * @param chunks as reads of a connection bring them, which then ends
 * @param before of the connection, where others were read on it before
 */
export function readByUs(chunks: readonly Buffer[], method: string, before?: ResponseHeads): Reading {
  const heads: string[][] = [];
  const body: Buffer[] = [];
  let trailers: readonly string[] | undefined;
  const parts: ResponseParts = {
    onHead: ({ status, phrase, headers }) => heads.push([String(status), phrase, ...headers]),
    onBody: (chunk) => body.push(chunk),
    onEnd: (told) => {
      if (trailers !== undefined) throw new Error('ended twice');
      trailers = told;
    },
  };
  const parser = new ResponseParser(method, maxHeadBytes, parts, before);
  let end = 0;
  let refusal: string | undefined;
  for (const chunk of chunks) {
    const index = parser.read(chunk);
    if (index instanceof MalformedResponseError) {
      refusal = index.message;
      break;
    }
    end += index;
    if (parser.isOver) break;
    if (index !== chunk.length) throw new Error(`read ${index} of ${chunk.length} bytes and wants more`);
  }
  const isOver = parser.isOver;
  const isSwitched = isOver && parser.head?.status === 101;
  const isWhole = !isSwitched && refusal === undefined && parser.end();
  if (isWhole !== (trailers !== undefined)) throw new Error('whole, and no end told');
  return {
    outcome: refusal !== undefined ? 'refused' : isSwitched ? 'switched' : isWhole ? 'whole' : 'incomplete',
    refusal,
    heads,
    body: Buffer.concat(body).toString('latin1'),
    trailers: trailers ?? [],
    end: isOver && refusal === undefined ? end : undefined,
  };
}
