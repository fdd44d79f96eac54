import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keyRecordKey } from '../../../src/record/key-record.ts';
import { keyRecordOf } from '../../../src/record/key-records.ts';
import { receiptKey } from '../../../src/record/object-key.ts';
import type { Attack, Kind } from '../attack.ts';
import { type HostileBucket, sharedBuckets } from '../hostile-bucket.ts';
import type { Stored } from '../make-bucket.ts';

const buckets = sharedBuckets();
/** A file that is not there, and does not come to be. */
const nowhere = () => path.join(tmpdir(), `red-team-${randomUUID()}.wav`);
const MAY =
  'kept copies of objects and key records, and writes both buckets; has neither the signing key nor a data key';

/** What the attacker has kept of a recording: its object and its key record. */
interface Kept {
  readonly place: string;
  readonly record: Stored;
  readonly object: Stored;
}

async function keep(bucket: HostileBucket, name: 'a' | 'b'): Promise<Kept> {
  const key = bucket.keys[name];
  const object = await bucket.get(key);
  const of = keyRecordOf({ key, metadata: object.metadata });
  if (of === undefined) throw new Error(`${key} has no key record`);
  const place = keyRecordKey(of);
  return { place, record: await bucket.get(place), object };
}

async function erase(bucket: HostileBucket): Promise<void> {
  const id = bucket.ids.a.recordingId;
  const planned = await bucket.run('erase', id, '--reason', 'request 31', '--json');
  const plan = String(planned.records().find(({ type }) => type === 'plan')?.['plan']);
  const done = await bucket.run('erase', '--confirm', plan, '--yes', '1');
  if (done.code !== 0) throw new Error(`${planned.stderr}${done.stderr}`);
}

/** Of an erased recording, what each way to it says. */
async function waysToErased(bucket: HostileBucket) {
  const { recordingId } = bucket.ids.a;
  const key = bucket.keys.a;
  const named = await bucket.run('verify', recordingId, key, '--depth', 'head', '--json');
  const unverified = await bucket.run('restore', key, '--unverified', '-o', nowhere());
  const status = await bucket.run('erase', 'status');
  const [all, restore] = [await bucket.verify('a', 'head'), await bucket.restore()];
  const kinds = named.records().flatMap(({ kind }) => kind ?? []);
  const finished = await bucket.run('erase', 'finish', '--yes', '1');
  return {
    all,
    named: kinds.includes('erased'),
    restore,
    unverified: /\[(\w+)\]/.exec(unverified.stderr)?.[1],
    status: status.code,
    finished: finished.code,
    afterwards: (await bucket.run('erase', 'status')).code,
  };
}

function afterErasure(
  name: string,
  does: (bucket: HostileBucket, kept: Kept) => Promise<void>,
  outcome: object,
): Attack {
  return {
    name,
    may: MAY,
    under: ['records'],
    outcome,
    attempt: async (wrap) => {
      const bucket = await buckets.open(wrap);
      const kept = await keep(bucket, 'a');
      await erase(bucket);
      await does(bucket, kept);
      return waysToErased(bucket);
    },
  };
}

const REFUSED = {
  restore: 'RECORDING_ERASED',
  unverified: 'RECORDING_ERASED',
  status: 7,
  finished: 0,
  afterwards: 0,
};

/** What is put back was genuine once: nothing in it is wrong but that it should not be there any more. */
export const keptCopies: Kind = {
  title: 'objects and key records that are put back from a copy',
  close: () => buckets.close(),
  attacks: [
    afterErasure(
      'puts back the key record of an erased recording',
      async (bucket, { place, record }) => bucket.put(place, record),
      { ...REFUSED, all: '0: nothing', named: false },
    ),
    afterErasure(
      'puts back an erased recording with its key record',
      async (bucket, { place, record, object }) => {
        await bucket.put(place, record);
        await bucket.put(bucket.keys.a, object);
      },
      { ...REFUSED, all: '3: erased', named: true },
    ),
    {
      name: 'puts back an erased recording and its key record, under the key of another recording',
      may: MAY,
      under: ['records'],
      outcome: { verify: '5: swapped', restore: 'RECEIPT_MISMATCH' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const { place, record, object } = await keep(bucket, 'a');
        await erase(bucket);
        await bucket.put(place, record);
        await bucket.put(bucket.keys.b, object);
        return { verify: await bucket.verify('b', 'head'), restore: await bucket.restore('b') };
      },
    },
    {
      name: 'puts back an erased recording and its key record under a day of their own, with its receipt',
      may: MAY,
      under: ['records'],
      outcome: { restore: 'RECORDING_ERASED', unverified: 'RECORDING_ERASED' },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const { place, record, object } = await keep(bucket, 'a');
        const key = bucket.keys.a.replace(/\/\d{4}\//, '/2031/');
        await bucket.copy(receiptKey(bucket.keys.a), receiptKey(key));
        await erase(bucket);
        await bucket.put(place, record);
        await bucket.put(key, object);
        const codes = [[], ['--unverified']].map(async (more) => {
          const { stderr } = await bucket.run('restore', key, ...more, '-o', nowhere());
          return /\[(\w+)\]/.exec(stderr)?.[1];
        });
        const [restore, unverified] = await Promise.all(codes);
        return { restore, unverified };
      },
    },
    {
      // the wrap is the one that the receipt states: it opens as long as the old wrapping key is there, and rewrap moves it again
      name: 'puts back the key record of a recording from before its data key was moved to another wrapping key',
      may: MAY,
      under: ['records'],
      outcome: {
        verify: '0: nothing',
        restore: 'its own',
        told: ['rewrapped'],
        moved: true,
        afterwards: ['current'],
      },
      attempt: async (wrap) => {
        const bucket = await buckets.open(wrap);
        const { place, record } = await keep(bucket, 'a');
        const back = await bucket.rotate();
        try {
          const rewrap = (...more: readonly string[]) =>
            bucket.run('rewrap', bucket.keys.a, ...more, '--json');
          const states = ({ records }: Awaited<ReturnType<typeof rewrap>>) =>
            records().flatMap(({ type, state }) => (type === 'rewrap' ? [state] : []));
          await rewrap();
          await bucket.put(place, record);
          const seen = { verify: await bucket.verify('a', 'head'), restore: await bucket.restore() };
          const told = states(await rewrap('--dry-run'));
          await rewrap();
          const moved = !(await bucket.get(place)).body.equals(record.body);
          return { ...seen, told, moved, afterwards: states(await rewrap('--dry-run')) };
        } finally {
          await back();
        }
      },
    },
  ],
};
