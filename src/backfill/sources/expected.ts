import type { AnalyzedConversation } from '../../ports.ts';
import type { RecordingKind } from '../../recording/facts.ts';

/** What the analytics say of a conversation that a backfill may want. */
export type Expectation = 'expected' | 'not-recorded' | 'still-open';

/**
 * Reports whether a conversation may have recordings of the wanted kinds. `recording` says that one was started, not that it was kept;
 * conversations in writing have no such flag, and each may have been kept. Pure.
 */
export function expectationOf(
  { media, recorded, end }: Pick<AnalyzedConversation, 'media' | 'recorded' | 'end'>,
  kinds: ReadonlySet<RecordingKind>,
): Expectation {
  const may =
    (kinds.has('call') && (recorded.audio || recorded.snippet)) ||
    (kinds.has('screen') && recorded.screen) ||
    WRITTEN.some(([kind, names]) => kinds.has(kind) && names.some((name) => media.includes(name)));
  if (!may) return 'not-recorded';
  return end === undefined ? 'still-open' : 'expected';
}

/** Names of media in the analytics, by kind. */
const WRITTEN: readonly (readonly [RecordingKind, readonly string[]])[] = [
  ['chat', ['chat']],
  ['email', ['email']],
  ['message', ['message', 'internalmessage']],
];
