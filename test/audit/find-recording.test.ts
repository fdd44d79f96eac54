import { describe, expect, it } from 'vitest';
import {
  findAllRecordings,
  findRecording,
  listRecordings,
  type DayRange,
} from '../../src/audit/find-recording.ts';
import { quarantineKey } from '../../src/record/quarantine/key.ts';
import { objectKey } from '../../src/record/object-key.ts';
import { unlimited } from '../../src/clock.ts';
import { mapStore } from '../archive/map-store.ts';

const DAY_MS = 86_400_000;
const NOON = Date.UTC(2026, 4, 20, 12);
const keyAt = (day: number, recordingId: string, channel?: string) =>
  objectKey({ recordingId, channel, at: NOON + day * DAY_MS });

async function archiveOf(...keys: string[]) {
  const store = mapStore();
  for (const key of keys) {
    await store.put(key, body(key), { metadata: {}, contentType: 'text/plain' }, unlimited);
  }
  const listed: string[] = [];
  const list = store.list.bind(store);
  store.list = (prefix, budget) => {
    listed.push(prefix);
    return list(prefix, budget);
  };
  const listAll = async (range: DayRange) => {
    const found = [];
    for await (const recording of listRecordings(store, range, unlimited)) found.push(recording);
    return found;
  };
  return { store, listed, listAll };
}

describe('listRecordings', () => {
  it('tells id, channel and day of each recording, and passes over everything else', async () => {
    const [one, two] = [keyAt(0, 'a', '1'), keyAt(1, 'b')];
    const { listAll } = await archiveOf(
      two,
      one,
      `${one}.instruction`,
      'archive/x',
      'receipts/2026/05/20/a.json',
    );
    expect(await listAll({})).toEqual([
      expect.objectContaining({
        key: one,
        size: one.length,
        recordingId: 'a',
        channel: '1',
        date: '2026-05-20',
      }),
      expect.objectContaining({ key: two, recordingId: 'b', channel: undefined, date: '2026-05-21' }),
    ]);
  });

  it('keeps to the days that both ends fall on', async () => {
    const keys = [keyAt(0, 'a'), keyAt(1, 'b'), keyAt(2, 'c')];
    const { listAll } = await archiveOf(...keys);
    const midnight = Date.UTC(2026, 4, 21);
    const names = async (range: DayRange) =>
      (await listAll(range)).map(({ recordingId }) => recordingId).join('');
    expect(await names({ from: midnight })).toBe('bc');
    expect(await names({ from: midnight - 1 })).toBe('abc');
    expect(await names({ to: midnight })).toBe('ab');
    expect(await names({ to: midnight - 1 })).toBe('a');
    expect(await names({ from: midnight, to: midnight + DAY_MS - 1 })).toBe('b');
    expect(await names({ from: midnight - 500 * DAY_MS, to: midnight })).toBe('ab');
  });

  it('lists a range of up to 400 days day by day, and anything longer or open as a whole', async () => {
    const { listAll, listed } = await archiveOf();
    const from = Date.UTC(2026, 0, 1);
    await listAll({ from, to: from + DAY_MS });
    expect(listed).toEqual(['archive/2026/01/01/', 'archive/2026/01/02/', 'quarantine/archive/']);
    for (const range of [{}, { from }, { to: from }, { from, to: from + 400 * DAY_MS }]) {
      listed.length = 0;
      await listAll(range);
      expect(listed).toEqual(['archive/', 'quarantine/archive/']);
    }
    listed.length = 0;
    await listAll({ from, to: from + 400 * DAY_MS - 1 });
    expect(listed).toHaveLength(401);
  });
});

describe('findRecording', () => {
  it('takes a key for a key, whether it is there or not', async () => {
    const { store, listed } = await archiveOf();
    expect(await findRecording(store, 'archive/any', {}, unlimited)).toBe('archive/any');
    expect(listed).toEqual([]);
  });

  it('finds the one object that bears an id', async () => {
    const { store } = await archiveOf(keyAt(0, 'a'), keyAt(1, 'b', '0'), keyAt(2, 'ab'));
    expect(await findRecording(store, 'b', {}, unlimited)).toBe(keyAt(1, 'b', '0'));
    expect(await findRecording(store, 'a', {}, unlimited)).toBe(keyAt(0, 'a'));
  });

  it('says so when it finds none, within the time that is given', async () => {
    const { store } = await archiveOf(keyAt(0, 'a'));
    await expect(findRecording(store, 'x'.repeat(100), {}, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
      message: `no recording ${'x'.repeat(80)} in map:`,
    });
    await expect(findRecording(store, 'a', { from: NOON + DAY_MS }, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    });
  });

  it('takes a UUID in any letter case, and other ids only as they are', async () => {
    const id = 'aaaaaaaa-0000-4000-8000-00000000000b';
    const { store } = await archiveOf(keyAt(0, id), keyAt(1, 'plain'));
    expect(await findRecording(store, id.toUpperCase(), {}, unlimited)).toBe(keyAt(0, id));
    await expect(findRecording(store, 'PLAIN', {}, unlimited)).rejects.toMatchObject({
      code: 'OBJECT_NOT_FOUND',
    });
    const both = await archiveOf(keyAt(0, id), keyAt(0, id.toUpperCase()));
    expect(await findRecording(both.store, id, {}, unlimited)).toBe(keyAt(0, id));
    expect(await findRecording(both.store, id.toUpperCase(), {}, unlimited)).toBe(keyAt(0, id.toUpperCase()));
  });

  it('names the keys, ten at most, when there are several: it does not choose', async () => {
    const channels = Array.from({ length: 12 }, (_, index) => String.fromCodePoint(97 + index));
    const keys = channels.map((channel) => keyAt(0, 'a', channel));
    const { store } = await archiveOf(...keys);
    await expect(findRecording(store, 'a', {}, unlimited)).rejects.toMatchObject({
      code: 'USAGE',
      message: '12 objects bear this id: name one by its key',
      hint: keys.slice(0, 10).join(', '),
    });
  });
});

async function* body(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  yield await Promise.resolve(Buffer.from(text));
}

describe('findAllRecordings', () => {
  it('finds what waits in quarantine, and the released object where both are there', async () => {
    const [waiting, released] = [quarantineKey(keyAt(0, 'a')), keyAt(1, 'b')];
    const { store } = await archiveOf(waiting, released, quarantineKey(released));
    const found = await findAllRecordings(store, ['a', 'b'], {}, unlimited);
    expect([...found]).toEqual([
      ['a', [waiting]],
      ['b', [released]],
    ]);
    expect(await findRecording(store, 'a', {}, unlimited)).toBe(waiting);
    expect(await findRecording(store, 'b', {}, unlimited)).toBe(released);
  });

  it('lists the archive once, however many ids there are, and not at all for keys', async () => {
    const keys = [keyAt(0, 'a', '0'), keyAt(0, 'a', '1'), keyAt(1, 'a'), keyAt(2, 'B'), keyAt(2, 'b')];
    const { store, listed } = await archiveOf(...keys);
    const found = await findAllRecordings(store, ['a', 'b', 'none', 'x/y.enc'], {}, unlimited);
    expect([...found]).toEqual([
      ['a', keys.slice(0, 3).toSorted()],
      ['b', [keys[4]]],
      ['none', []],
      ['x/y.enc', ['x/y.enc']],
    ]);
    expect(listed).toEqual(['archive/', 'quarantine/archive/']);
    await findAllRecordings(store, ['x/y.enc'], {}, unlimited);
    expect(listed).toHaveLength(2);
  });

  it('prefers the very spelling of a UUID that was asked for, and keeps to the days', async () => {
    const id = 'AAAAAAAA-0000-4000-8000-000000000000';
    const [upper, lower] = [keyAt(0, id), keyAt(1, id.toLowerCase())];
    const { store } = await archiveOf(upper, lower);
    const find = async (asked: string, range: DayRange = {}) =>
      (await findAllRecordings(store, [asked], range, unlimited)).get(asked);
    expect(await find(id)).toEqual([upper]);
    expect(await find(id.toLowerCase())).toEqual([lower]);
    expect(await find(id.replace('AAAAAAAA', 'AaAaAaAa'))).toEqual([upper, lower]);
    expect(await find(id, { from: NOON + DAY_MS })).toEqual([lower]);
  });
});
