/** What a listing says of a job's finished shards. */
import type { Budget } from '../../clock.ts';
import { donePrefix, parseDoneKey, type ShardDone } from '../keys.ts';
import type { PatientStore } from '../patient-store.ts';

/** A finished shard, and the store's time of its marker, epoch ms. */
export interface FinishedShard extends ShardDone {
  readonly finishedAt: number;
}

/** Finished shards in order, one marker each: two runners may have finished the same one, and the first name counts. */
export async function* finishedShards(
  store: PatientStore,
  id: string,
  budget: Budget,
): AsyncGenerator<FinishedShard, void, undefined> {
  let last = -1;
  for await (const { key, lastModified } of store.list(donePrefix(id), budget)) {
    const marker = parseDoneKey(key);
    if (marker === undefined || marker.shard === last) continue;
    last = marker.shard;
    yield { ...marker, finishedAt: lastModified };
  }
}
