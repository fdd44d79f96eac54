/** Removes what a release has left in quarantine: the object first, so that what is left names it; its receipt last. */
import type { Budget } from '../../clock.ts';
import { sidecarKey } from '../../record/genesys-export.ts';
import { INSTRUCTION_SUFFIX } from '../../record/instruction-file.ts';
import { keyRecordFolder } from '../../record/key-record.ts';
import { leavesKey } from '../../record/leaf-list.ts';
import { amendmentKey, companionKeys, linkKey, receiptKey } from '../../record/object-key.ts';
import type { ReleasePorts } from './release-types.ts';

/** @returns keys of what the store's own lock keeps; then nothing further is removed. @throws `STORE_*`. */
export async function removeQuarantined(
  { archive, others }: Pick<ReleasePorts, 'archive' | 'others'>,
  key: string,
  budget: Budget,
): Promise<readonly string[]> {
  for (const { prefix, isWhole } of inOrder(key)) {
    const left: string[] = [];
    for (const store of [archive, ...others]) {
      for await (const version of store.versions(prefix, budget)) {
        if (isWhole && version.key !== prefix) continue;
        if ((await store.remove(version, budget)) === 'locked') left.push(version.key);
      }
    }
    if (left.length > 0) return left;
  }
  return [];
}

interface Removed {
  readonly prefix: string;
  /** It is a whole key, and others may begin alike. */
  readonly isWhole: boolean;
}

function inOrder(key: string): readonly Removed[] {
  const whole = (one: string): Removed => ({ prefix: one, isWhole: true });
  const amendments = amendmentKey(key, '').replace(/\.json$/, '');
  return [
    whole(key),
    whole(key + INSTRUCTION_SUFFIX),
    whole(sidecarKey(key)),
    ...companionKeys(key).map(whole),
    whole(linkKey(key)),
    whole(`peaks/${key}`),
    { prefix: keyRecordFolder(key), isWhole: false },
    whole(leavesKey(key)),
    { prefix: amendments, isWhole: false },
    whole(receiptKey(key)),
  ];
}
