/** Takes lines of erased recordings out of the lists that statements commit to. The roots still come out. docs/proof.md, "Erasures". */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { ObjectStore } from '../../ports.ts';
import { subjectHash } from '../../record/erasure.ts';
import { parseLine, redactLine } from '../formats/list-lines.ts';
import type { LogKeys } from '../formats/log-keys.ts';
import { readBytes } from '../log/place.ts';
import { addDays } from './calendar.ts';

/** Bytes of a list, compressed and not: a day of a million recordings has some 70 MB. */
const MAX_LIST_BYTES = 256 * 1024 * 1024;

/**
 * @param days that recordings were erased of; a list of the day before or after may name them too.
 * @param erased hashes of their ids.
 * @returns keys of the lists that were replaced.
 * @throws `STORE_UNAVAILABLE` (retryable) when another replaced a list meanwhile; `CONFIG_INVALID` where the store cannot.
 */
export async function redactLists(
  { store, keys }: { readonly store: ObjectStore; readonly keys: LogKeys },
  days: ReadonlySet<string>,
  erased: ReadonlySet<string>,
  budget: Budget,
): Promise<readonly string[]> {
  const replaced: string[] = [];
  for (const prefix of prefixesOfLists(keys, days)) {
    for await (const { key } of store.list(prefix, budget)) {
      if (key.endsWith('.jsonl.gz') && (await redactList(store, key, erased, budget))) replaced.push(key);
    }
  }
  return replaced;
}

/** Below which the lists are that may name recordings of some days. */
export function prefixesOfLists(keys: LogKeys, days: ReadonlySet<string>): readonly string[] {
  const near = new Set([...days].flatMap((day) => [addDays(day, -1), day, addDays(day, 1)]));
  return [...near].map((day) => `${keys.prefix}lists/${day.replaceAll('-', '/')}/`);
}

async function redactList(
  store: ObjectStore,
  key: string,
  erased: ReadonlySet<string>,
  budget: Budget,
): Promise<boolean> {
  const stat = await store.head(key, budget);
  const bytes = await readBytes(store, key, MAX_LIST_BYTES, budget);
  if (stat === undefined || bytes === undefined) return false;
  const text = gunzipSync(bytes, { maxOutputLength: MAX_LIST_BYTES }).toString('utf8');
  let redacted = 0;
  const lines = text.split('\n').map((each) => {
    const line = parseLine(each);
    if (line === undefined || 'leaf' in line || !erased.has(subjectHash(line.recording))) return each;
    redacted += 1;
    return redactLine(each);
  });
  if (redacted === 0) return false;
  const body = gzipSync(lines.join('\n'));
  const options = { metadata: {}, contentType: 'application/gzip', contentLength: body.length };
  const result = await store.replace?.(stat, body, options, budget);
  if (result?.outcome === 'replaced') return true;
  if (result?.outcome === 'changed') {
    throw new ArchiveError(
      'STORE_UNAVAILABLE',
      `${key} was replaced while erased lines were taken out of it`,
    );
  }
  throw new ArchiveError(
    'CONFIG_INVALID',
    `${store.location} cannot replace ${key}, which names what is erased`,
  );
}
