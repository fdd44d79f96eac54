import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { LogPlace } from '../../../src/proof/log/place.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { makeMutantLog } from '../mutant-log.ts';
import type { PlainStore } from '../plain-store.ts';

let made: Awaited<ReturnType<typeof makeMutantLog>>;
beforeAll(async () => {
  made = await makeMutantLog(() => []);
});
let store: PlainStore;
let place: LogPlace;
beforeEach(() => {
  store = made.store.copy();
  place = { ...made.place, store };
});

const find = (part: string) => [...store.objects.keys()].find((key) => key.includes(part)) ?? '';
const problems = async () =>
  (await auditLog(place, [], unlimited)).findings.map(({ where, problem }) => [where, problem]);
function spoil(key: string): void {
  const body = Buffer.from(store.bodyOf(key));
  body.writeUInt8((body.at(-1) ?? 0) ^ 1, body.length - 1);
  store.plant(key, body);
}

describe('the objects of a log that its entries do not need', () => {
  it('are as they were made', async () => {
    expect(await problems()).toEqual([]);
  });

  it.each([
    ['tile/0/', 'it is not the tile that the entries of the log make'],
    ['seals/', 'it is no staged seal'],
    ['keys/', 'it is not the change of keys that the log holds'],
    ['sha256.gz', 'its lines do not make the root that it is named after'],
    ['source.jsonl.gz', 'its lines do not make the root that it is named after'],
  ])('are named when they are changed: %s', async (part, problem) => {
    const key = find(part);
    spoil(key);
    expect(await problems()).toContainEqual([key, problem]);
  });

  it('are named when one is gone: tiles, staged seals, and the checkpoints between them', async () => {
    const all = [...store.objects.keys()];
    const sizes = all.flatMap((key) => /(\d{12})\.note$/.exec(key)?.[1] ?? []).sort();
    const [between = '', last = ''] = sizes;
    const needed = [
      ...all.filter((key) => key.includes('/seals/')),
      // partial ones of the newest size; those of the size before it are in them
      ...all.filter((key) => key.includes(`/tile/0/000.p/${Number(last)}`)),
      place.keys.note(Number(between)),
    ];
    expect(needed).toHaveLength(4);
    for (const key of needed) {
      const kept = store.objects.get(key);
      store.objects.delete(key);
      expect(await problems()).toContainEqual([key, 'it is missing']);
      if (kept !== undefined) store.objects.set(key, kept);
    }
    store.objects.delete(place.keys.path(`tile/entries/000.p/${Number(between)}`));
    store.objects.delete(place.keys.path(`tile/0/000.p/${Number(between)}`));
    expect(await problems()).toEqual([]);
  });

  it('are named when a list lacks a line, and when the pointer is that of an earlier checkpoint with a line more', async () => {
    const list = find('exceptions.jsonl.gz');
    store.plant(list, gzipSync(''));
    const pointer = place.keys.checkpoint;
    store.plant(pointer, `${store.bodyOf(pointer).toString()}— witness.example.com AAAAAAAA\n`);
    expect(await problems()).toEqual([
      [pointer, 'it is not the checkpoint that is kept for its size'],
      [list, 'its lines do not make the root that it is named after'],
    ]);
  });

  it('are named when a staged seal is of another place, or another key', async () => {
    const [first = '', second = ''] = [...store.objects.keys()]
      .filter((key) => key.includes('/seals/'))
      .sort();
    store.plant(second, store.bodyOf(first));
    expect(await problems()).toContainEqual([second, 'it is the staged seal of another place']);
    place = { ...place, trusted: place.trusted.slice(0, 1) };
    expect(await problems()).toContainEqual([first, 'it is signed with a key that is not known']);
  });

  it('include time stamps, where the certificates are known that they lead to', async () => {
    const key = place.keys.token(Number(/(\d{12})\.note/.exec(find('.note'))?.[1]), 'tsa');
    store.plant(key, 'stamp');
    const check = (token: Buffer, note: Buffer) => {
      if (note.length > 0) throw new ArchiveError('ANCHOR_REFUSED', `no ${token.toString()}`);
    };
    const { findings } = await auditLog(place, [], unlimited, check);
    expect(findings).toEqual([{ where: key, problem: 'no stamp' }]);
    expect(await problems()).toEqual([]);
  });
});
