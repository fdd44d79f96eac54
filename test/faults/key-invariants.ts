import { keyRecordKey, requireKeyRecord } from '../../src/record/key-record.ts';
import { keyRecordOf } from '../../src/record/key-records.ts';
import type { MemoryS3, StoredObject } from './memory-s3.ts';

type Objects = Pick<MemoryS3, 'objects'>;

/** What a record holds of the key of an object, as an instruction file; `undefined` for one that carries it. */
export function wrapOf(
  { objects }: Objects,
  key: string,
  metadata: StoredObject['metadata'],
): string | undefined {
  const of = keyRecordOf({ key, metadata });
  const record = of === undefined ? undefined : objects.get(keyRecordKey(of));
  if (of === undefined || record === undefined) return undefined;
  return JSON.stringify(requireKeyRecord(record.body.toString('utf8'), of).wrap);
}

/** Why an object cannot be read: it carries its key where it should not, or has no record, or another's. */
export function whyKeyless(s3: Objects, key: string, { metadata }: StoredObject): string | undefined {
  if (!/^(?:archive|context)\//.test(key)) return undefined;
  if (keyRecordOf({ key, metadata }) === undefined) return 'carries its data key';
  try {
    return wrapOf(s3, key, metadata) === undefined ? 'has no key record' : undefined;
  } catch {
    return 'has the key record of another';
  }
}

/** I10: every object has its key record, and no other has it. */
export function brokenKeys(s3: Objects): string[] {
  return [...s3.objects].flatMap(([key, object]) => {
    const why = whyKeyless(s3, key, object);
    return why === undefined ? [] : [`I10 ${key} ${why}`];
  });
}
