import { createHash } from 'node:crypto';
import {
  type AccessEntry,
  accessKey,
  formatAccessEntry,
  hashAccessEntry,
} from '../../src/record/access-entry.ts';

/** Names no entry twice. */
const randomOf = (word: string): string => createHash('sha256').update(word).digest('hex');

export interface PlantedEntry {
  readonly key: string;
  readonly bytes: Buffer;
}

/** What sessions left: each a chain, all of one day unless an entry says otherwise. @param lengths of the chains. */
export function accessEntries(day: string, lengths: readonly number[], hour = 9): readonly PlantedEntry[] {
  return lengths.flatMap((length, session) => {
    let previous: string | undefined;
    return Array.from({ length }, (_, at) => {
      const minute = String(at).padStart(2, '0');
      const entry: AccessEntry = {
        v: 1,
        at: `${day}T${String(hour + session).padStart(2, '0')}:${minute}:00.000Z`,
        who: `A. Brandt ${session} (sub-${session})`,
        session: randomOf(`${day} ${session} ${hour}`).slice(0, 16),
        n: at + 1,
        action: at === 0 ? 'search' : 'listen',
        recording: `recording-of-${session}-${at}`,
        outcome: 'granted',
        ...(previous === undefined ? {} : { previous }),
      };
      const bytes = formatAccessEntry(entry);
      previous = hashAccessEntry(bytes);
      return { key: accessKey(entry.at, randomOf(`${day} ${hour} ${session} ${at}`)), bytes };
    });
  });
}
