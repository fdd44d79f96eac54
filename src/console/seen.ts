import { SESSION_MS, type Session } from './session.ts';

/** What a session has looked at, so that looking at it again is no further entry. */
export class Seen {
  readonly #sessions = new Map<string, { readonly until: number; readonly things: Set<string> }>();

  /** Does `write` for the first look, and for the next one where that failed. */
  async once(session: Session, thing: string, write: () => Promise<void>): Promise<void> {
    const known = this.#sessions.get(session.id) ?? this.#begin(session);
    if (known.things.has(thing)) return;
    await write();
    known.things.add(thing);
  }

  #begin({ id, issuedAt }: Session) {
    for (const [old, { until }] of this.#sessions) if (until < issuedAt) this.#sessions.delete(old);
    const begun = { until: issuedAt + SESSION_MS, things: new Set<string>() };
    this.#sessions.set(id, begun);
    return begun;
  }
}
