import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { drawSample } from '../../../src/proof/drill/draw-sample.ts';
import { sortEntries, type Entry, sha256Hex } from '../../../src/proof/formats/entry.ts';
import { findHead, type TreeHead } from '../../../src/proof/log/head.ts';
import { type LoggedEntry, readEntries } from '../../../src/proof/log/place.ts';
import { sealLog } from '../../../src/proof/seal/seal-log.ts';
import { dayAt, ORGANIZATION, ORIGIN, placeIn } from '../log-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';
import { aStatement } from '../statement-fixture.ts';

/** Recordings by day: of each seal one day, and of the last one, late, two of the first day. A terminal receipt is among each. */
const SEALS = [
  { day: dayAt(0), count: 3 },
  { day: dayAt(1), count: 0 },
  { day: dayAt(2), count: 17 },
  { day: dayAt(3), count: 6 },
  { day: dayAt(0), count: 2 },
] as const;
let store: PlainStore;
let head: TreeHead;
let entries: LoggedEntry[];

beforeAll(async () => {
  store = plainStore();
  let sealed = 0;
  await sealLog(
    placeIn(store),
    {
      recall: () => Promise.resolve([]),
      gather: () => {
        const seal = SEALS[sealed];
        if (seal === undefined) return Promise.resolve(undefined);
        const at = sealed;
        sealed += 1;
        const { day, count } = seal;
        const kinds = ['archived', 'adopted', 'completed'] as const;
        const made: Entry[] = Array.from({ length: count }, (_, one) => ({
          kind: kinds[one % 3] ?? 'archived',
          day,
          sha256: sha256Hex(`${at} ${one}`),
        }));
        made.push({ kind: 'terminal', day, sha256: sha256Hex(`${at} terminal`) });
        return Promise.resolve({
          entries: sortEntries(made),
          keyFiles: [],
          statements: [
            ({ previous, ...log }) =>
              aStatement({
                organization: ORGANIZATION,
                day,
                revision: at === 4 ? 1 : 0,
                log: { ...log, origin: ORIGIN, first: dayAt(0), through: dayAt(Math.min(at, 3)) },
                ...(previous === undefined ? {} : { previous }),
              }),
          ],
        });
      },
    },
    unlimited,
  );
  head = await findHead(placeIn(store), unlimited);
  entries = [];
  for await (const entry of readEntries(placeIn(store), { start: 0, end: head.size }, head.size, unlimited))
    entries.push(entry);
});

/** The rules of docs/proof.md, "Restore drills", written down once more. */
function byTheDocument(root: Buffer, size: number, wanted: number): LoggedEntry[] {
  const number = (name: string, n: number) => {
    const hash = createHash('sha256')
      .update(`genesys-media-archive/drill/v1\n`)
      .update(root)
      .update(name)
      .digest('hex');
    return Number((BigInt(`0x${hash.slice(0, 16)}`) * BigInt(n)) / 2n ** 64n);
  };
  const isRecording = ({ kind }: LoggedEntry) => ['archived', 'adopted', 'completed'].includes(kind);
  const ofDay = (day: string) =>
    entries.slice(0, size).filter((each) => isRecording(each) && each.day === day);
  const shares = new Map<string, number>();
  let [drawn, idle] = [0, 0];
  for (let d = 0; drawn < wanted && idle < 200; d += 1) {
    const from = number(`day ${d}`, size);
    const turned = [...entries.slice(from, size), ...entries.slice(0, from)];
    const day = turned.find(isRecording)?.day ?? '';
    const share = shares.get(day) ?? 0;
    const more = Math.min(5, wanted - drawn, ofDay(day).length - share);
    shares.set(day, share + more);
    drawn += more;
    idle = more === 0 ? idle + 1 : 0;
  }
  const sample = [...shares].flatMap(([day, share]) => {
    const places = ofDay(day);
    for (let i = 0; i < share; i += 1) {
      const other = i + number(`${day} ${i}`, places.length - i);
      [places[i], places[other]] = [places[other] as LoggedEntry, places[i] as LoggedEntry];
    }
    return places.slice(0, share);
  });
  return sample.sort((one, other) => one.index - other.index);
}

const draw = (root: Buffer, count: number, size = head.size, day?: string) =>
  drawSample(placeIn(store), { root, size, count, day }, head.size, unlimited);

describe('the sample of a drill', () => {
  it('is the one that the document decides, for any root, size and number', async () => {
    for (let word = 0; word < 40; word += 1) {
      const root = createHash('sha256').update(`root ${word}`).digest();
      const count = 1 + ((word * 7) % 31);
      expect(await draw(root, count)).toEqual(byTheDocument(root, head.size, count));
    }
  });

  it('of an older checkpoint is the same in a log that has grown since', async () => {
    const size = entries.find(({ kind, day }) => kind === 'statement' && day === dayAt(2))?.index ?? 0;
    for (let word = 0; word < 10; word += 1) {
      const root = createHash('sha256').update(`older ${word}`).digest();
      expect(await draw(root, 9, size + 1)).toEqual(byTheDocument(root, size + 1, 9));
    }
  });

  it('has all that there is when more is asked for, each once, and never what says that there is nothing', async () => {
    const all = await draw(head.root, 1_000);
    expect(all).toEqual(entries.filter(({ kind }) => ['archived', 'adopted', 'completed'].includes(kind)));
    expect(all).toHaveLength(28);
  });

  it('of one day has entries of that day alone, also those that came late', async () => {
    const day = dayAt(0);
    expect((await draw(head.root, 5, head.size, day)).map(({ index }) => index)).toEqual(
      entries
        .filter((each) => each.day === day && ['archived', 'adopted', 'completed'].includes(each.kind))
        .map(({ index }) => index),
    );
    expect(await draw(head.root, 12, head.size, dayAt(2))).toHaveLength(12);
    expect(await draw(head.root, 5, head.size, dayAt(1))).toEqual([]);
    expect(await draw(head.root, 5, head.size, dayAt(9))).toEqual([]);
  });

  it('of a log without a recording is empty', async () => {
    const empty = plainStore();
    const place = placeIn(empty);
    const statement = (index: number) => aStatement({ organization: ORGANIZATION, day: dayAt(index) });
    let sealed = false;
    await sealLog(
      place,
      {
        recall: () => Promise.resolve([]),
        gather: () => {
          if (sealed) return Promise.resolve(undefined);
          sealed = true;
          return Promise.resolve({
            entries: [],
            keyFiles: [],
            statements: [
              (log) => ({
                ...statement(0),
                log: { ...log, origin: ORIGIN, first: dayAt(0), through: dayAt(0) },
              }),
            ],
          });
        },
      },
      unlimited,
    );
    const { root, size } = await findHead(place, unlimited);
    expect(await drawSample(place, { root, size, count: 3 }, size, unlimited)).toEqual([]);
  });
});
