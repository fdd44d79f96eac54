/** A second store, best in another account, that remembers each checkpoint: what sets the first one back does not reach it. */
import { ArchiveError } from '../../errors.ts';
import type { Anchor, ObjectStore } from '../../ports.ts';
import { putSmall } from '../../record/small-object.ts';
import { parseNoteKey } from '../formats/log-keys.ts';
import { type LogPlace, readNote } from '../log/place.ts';

/** @param place of the log; only its names and keys are used. */
export function createSecondStore(place: LogPlace, store: ObjectStore): Anchor {
  const there = { ...place, store };
  return {
    kind: 'second-store',
    name: store.location,
    async recall(budget) {
      const sizes: number[] = [];
      for await (const { key } of store.list(place.keys.checkpoints, budget)) {
        const size = parseNoteKey(place.keys, key);
        if (size !== undefined) sizes.push(size);
      }
      for (const size of sizes.toReversed()) {
        const note = await readNote(there, place.keys.note(size), budget);
        const checkpoint = note?.verdict === 'valid' ? note.checkpoint : undefined;
        if (checkpoint !== undefined)
          return { size: checkpoint.size, root: checkpoint.root.toString('base64') };
      }
      return undefined;
    },
    async keep({ size, root, note }, budget) {
      const key = place.keys.note(size);
      if ((await putSmall(store, key, Buffer.from(note), budget)) === 'stored') return {};
      const found = await readNote(there, key, budget);
      const isSame = found?.verdict === 'valid' && found.checkpoint?.root.toString('base64') === root;
      if (isSame) return {};
      throw new ArchiveError('ANCHOR_REFUSED', `${key} in ${store.location} is not this checkpoint`, {
        hint: 'someone else writes to the second store, or it belongs to another log',
      });
    },
  };
}
