/** What a server sent is no HTTP/1.1 response, or one that two readers could take for different things. */
export class MalformedResponseError extends Error {
  override readonly name = 'MalformedResponseError';
}
