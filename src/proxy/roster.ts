/** Who can be on a {@link Roster}: one at a time. */
export interface Member {
  /** Where it stands there; the roster's own. */
  place: number;
}

/**
 * Those who are there now, in no order.
 *
 * Not a Set: V8 links the table of a Set to the larger one that took its place, and with it all that was in it. Where
 * members come and go by the thousand, one such table in old space keeps each of them until the next full collection
 * (docs/decisions/0013).
 */
export class Roster<M extends Member> implements Iterable<M> {
  readonly #members: M[] = [];

  get size(): number {
    return this.#members.length;
  }

  add(member: M): void {
    member.place = this.#members.push(member) - 1;
  }

  delete(member: M): void {
    if (this.#members[member.place] !== member) return;
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    this.#members[member.place] = last;
    last.place = member.place;
  }

  /** They may leave meanwhile: goes over a copy. */
  [Symbol.iterator](): Iterator<M> {
    return [...this.#members].values();
  }
}
