/** What a visit carried so far, in bytes: of bodies, or where bytes are relayed raw of all that came. */
export interface Carried {
  /** From the client towards the server. */
  requestBytes: number;
  /** From the server towards the client. */
  responseBytes: number;
}
