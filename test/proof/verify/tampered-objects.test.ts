import { gzipSync } from 'node:zlib';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { cosignatureOf, cosignedText } from '../../../src/proof/formats/cosignature.ts';
import { formatEntry } from '../../../src/proof/formats/entry.ts';
import { listRoot } from '../../../src/proof/formats/list-lines.ts';
import { COSIGNATURE_TYPE, formatSignature, noteKey, parseNote } from '../../../src/proof/formats/note.ts';
import { formatRecord } from '../../../src/proof/formats/records.ts';
import type { LogPlace } from '../../../src/proof/log/place.ts';
import { createLogSigner } from '../../../src/proof/log/signer.ts';
import { auditLog } from '../../../src/proof/verify/audit-log.ts';
import { failure } from '../../failure.ts';
import { LOG_SIGNER, ORGANIZATION, ORIGIN, signerFrom } from '../log-fixture.ts';
import type { PlainStore } from '../plain-store.ts';
import { archivedDay, forgeLog, type ForgedLog, noteOf, sealOf } from './forged-log.ts';

const DAY = '2026-03-02';
const OTHER_TILE = 'it is not the tile that the entries of the log make';
const KEY_FILE = formatRecord({
  schema: 'genesys-media-archive/log-key/v1',
  organization: ORGANIZATION,
  vkey: LOG_SIGNER.key.vkey,
  replaces: LOG_SIGNER.key.vkey,
  at: '2026-03-02T00:00:00.000Z',
});

let log: ForgedLog;
let store: PlainStore;
let place: LogPlace;
const use = (made: ForgedLog) => {
  store = made.store.copy();
  place = { ...made.place, store };
};
beforeAll(async () => {
  // its first entry names a change of keys, and is none
  const day = archivedDay(5, DAY);
  log = await forgeLog([{ ...day, names: KEY_FILE, logged: { ...day.logged, key: 1 } }]);
});
beforeEach(() => {
  use(log);
});

const at = (name: string) => place.keys.path(name);
const problems = async (checkToken?: Parameters<typeof auditLog>[3]) =>
  (await auditLog(place, [], unlimited, checkToken)).findings.map(({ where, problem }) => [
    where.slice(place.keys.prefix.length),
    problem,
  ]);
describe('objects of other names', () => {
  const ROOT = '0123456789abcdef';
  it.each([
    [
      'tile/0/000.bak',
      'tile/0/000.p/1000',
      'tile/123/000',
      'tile/0/0000',
      'tile/0/x00/000',
      'tile/leaves/000',
    ],
    [
      'x/tile/0/000',
      'tile/0/00',
      'tile/entries/000.p/',
      'x/tile/0/000.p/5',
      'tile/0/000.p/5.bak',
      'tile/0/y000/000',
      'tile/0/000.p/x',
    ],
    ['seals/000000000000.json.gz.bak', 'x/seals/000000000000.json.gz', 'seals/1.json.gz'],
    ['keys/000000000000.json.bak', 'x/keys/000000000000.json', 'keys/1.json'],
    [
      `lists/a/${ROOT}.source.jsonl.gz.bak`,
      `x/lists/a/${ROOT}.source.jsonl.gz`,
      `lists/${ROOT}.source.jsonl.gz`,
    ],
    [
      `lists/a/${ROOT.slice(1)}.source.jsonl.gz`,
      `lists/a/${ROOT}.other.jsonl.gz`,
      `lists/a/${ROOT}0.source.jsonl.gz`,
    ],
    [`access/a/${ROOT.repeat(4)}.sha256.gz.bak`, `x/access/a/${ROOT.repeat(4)}.sha256.gz`],
    [`access/a/${ROOT.repeat(3)}.sha256.gz`, `access/a/${ROOT.repeat(4)}0.sha256.gz`],
    ['checkpoints/000000000007.a.tsr.bak', 'x/checkpoints/000000000007.a.tsr', 'checkpoints/7.a.tsr'],
    ['checkpoints/000000000007..tsr', 'checkpoints/000000000007.tsr'],
    ['checkpoint.bak', 'x/checkpoint', 'checkpoints/000000000007.note.bak', 'log.json'],
  ])('are no part of the log: %s …', async (...names) => {
    for (const name of names) store.plant(at(name), 'of somebody else');
    const found = await problems(() => {
      throw new ArchiveError('ANCHOR_REFUSED', 'no time stamp');
    });
    expect(found).toEqual([]);
  });

  it('are read, and refused, under the names that are parts of it', async () => {
    const names = [
      `access/a/${ROOT.repeat(4)}.sha256.gz`,
      'checkpoints/000000000007.a.b.tsr',
      'keys/000000000001.json',
      `lists/a/${ROOT}.exceptions.jsonl.gz`,
      `lists/a/b/${ROOT}.source.jsonl.gz`,
      'seals/000000000001.json.gz',
      'tile/0/000.p/5',
      'tile/entries/000.p/5',
    ];
    for (const name of names) store.plant(at(name), 'garbage');
    const found = await problems(() => {
      throw new ArchiveError('ANCHOR_REFUSED', 'no time stamp');
    });
    expect(found.map(([where]) => where)).toEqual(names);
  });
});

describe('the pointer of a log', () => {
  const none = 'it is not a checkpoint of this log with a valid signature of a known key';

  it.each([
    ['garbage', () => Promise.resolve('garbage')],
    ['a key that is not known', () => noteOf(7, log.rootAt(7), { signer: stranger })],
    ['a signature of something else', () => noteOf(7, log.rootAt(7), { signed: 'something else\n' })],
  ])('has to be a checkpoint: %s is none', async (_what, make) => {
    store.plant(place.keys.checkpoint, await make());
    expect(await problems()).toEqual([['checkpoint', none]]);
  });

  it('has to be one that is kept', async () => {
    store.objects.delete(place.keys.note(7));
    expect(await problems()).toEqual([['checkpoint', 'it is not the checkpoint that is kept for its size']]);
  });
});

const stranger = createLogSigner(ORIGIN, signerFrom('a stranger'));

describe('the staged seals of a log', () => {
  const lines = () => log.entries.map((entry) => formatEntry(entry).slice(0, -1));

  it('are what was signed, at its place, and hold the entries of the log', async () => {
    const seal = { from: 0, to: 7, entries: lines() };
    const other = (index: number) => lines().map((line, each) => (each === index ? `${line}0` : line));
    const cases: readonly (readonly [Buffer, string | undefined])[] = [
      [await sealOf(seal), undefined],
      [Buffer.from('not packed'), 'it is no staged seal'],
      [gzipSync('{}\n'), 'it is no staged seal'],
      [await sealOf(seal, 'another text'), 'its signature is wrong'],
      [await sealOf({ ...seal, from: 1, to: 8 }), 'it is the staged seal of another place'],
      [await sealOf({ ...seal, from: 1 }), 'it is the staged seal of another place'],
      [await sealOf({ ...seal, to: 6 }), 'it is the staged seal of another place'],
      [await sealOf({ ...seal, to: 8 }), 'it is the staged seal of another place'],
      [await sealOf({ ...seal, entries: other(0) }), 'it holds another entry 0 than the log'],
      [await sealOf({ ...seal, entries: other(6) }), 'it holds another entry 6 than the log'],
      // of more than is signed yet: what becomes of it is not decided
      [await sealOf({ ...seal, to: 8, entries: [...other(0), 'one more'] }), undefined],
    ];
    for (const [bytes, problem] of cases) {
      store.plant(place.keys.seal(0), bytes);
      expect(await problems()).toEqual(
        problem === undefined ? [] : [['seals/000000000000.json.gz', problem]],
      );
    }
  });

  it('that begin in the middle are compared from there, and one that continues the log is not', async () => {
    store.plant(place.keys.seal(2), await sealOf({ from: 2, to: 7, entries: lines().slice(2) }));
    store.plant(place.keys.seal(7), await sealOf({ from: 7, to: 8, entries: ['one more'] }));
    expect(await problems()).toEqual([]);
    const entries = [...lines().slice(2, 6), 'another'];
    store.plant(place.keys.seal(2), await sealOf({ from: 2, to: 7, entries }));
    expect(await problems()).toEqual([
      ['seals/000000000002.json.gz', 'it holds another entry 6 than the log'],
    ]);
  });
});

describe('the changes of keys of a log', () => {
  const refused = (index: number) => [
    `keys/${String(index).padStart(12, '0')}.json`,
    'it is not the change of keys that the log holds',
  ];

  it('are entries of that kind, which name that file, which is one', async () => {
    const other = KEY_FILE.replace('00:00.000Z', '00:01.000Z');
    const changed = await forgeLog([{ ...archivedDay(0, DAY), names: KEY_FILE, logged: { key: 1 } }]);
    use(changed);
    store.plant(place.keys.key(0), KEY_FILE);
    expect(await problems()).toEqual([]);
    store.plant(place.keys.key(0), other);
    expect(await problems()).toEqual([refused(0)]);
    use(log);
    // named by an entry of another kind
    store.plant(place.keys.key(0), KEY_FILE);
    expect(await problems()).toEqual([refused(0)]);
    use(log);
    // named by an entry of the kind, and no change of keys
    store.plant(place.keys.key(5), '5');
    expect(await problems()).toEqual([refused(5)]);
    use(log);
    store.plant(place.keys.key(7), 'of a seal that is not finished');
    expect(await problems()).toEqual([]);
  });
});

describe('the lists of a log', () => {
  it('have the root that they are named after, and end with a line feed', async () => {
    const lines = ['{"one":1}', '{"two":2}'];
    const name = `lists/2026/03/02/${listRoot(lines).slice(0, 16)}.source.jsonl.gz`;
    store.plant(at(name), gzipSync(`${lines.join('\n')}\n`));
    expect(await problems()).toEqual([]);
    const problem = [[name, 'its lines do not make the root that it is named after']];
    for (const text of [lines.join('\n'), `${lines.join('\n')}\nthree`, `${lines.join('\n')}\n\n`]) {
      store.plant(at(name), gzipSync(text));
      expect(await problems()).toEqual(problem);
    }
    store.plant(at(name), 'not packed');
    expect(await problems()).toEqual(problem);
  });
});

describe('what others said of the checkpoints of a log', () => {
  const witness = noteKey('witness.example.com/w', signerFrom('a witness').publicKey, COSIGNATURE_TYPE);
  const cosign = async (note: string, key = witness) => {
    const text = parseNote(note)?.text ?? '';
    const signed = await signerFrom('a witness').sign(Buffer.from(cosignedText(text, 1_000)), unlimited);
    return formatSignature(cosignatureOf(key, 1_000, Buffer.from(signed)));
  };

  it('are time stamps of checkpoints that are there', async () => {
    store.plant(place.keys.token(7, 'tsa'), 'stamp');
    store.plant(place.keys.token(3, 'tsa'), 'stamp');
    const seen: string[] = [];
    const found = await problems((token, note) => {
      seen.push(`${token.toString()} ${note.toString()}`);
    });
    expect(found).toEqual([
      ['checkpoints/000000000003.tsa.tsr', 'it is a time stamp of a checkpoint that is missing'],
    ]);
    expect(seen).toEqual([`stamp ${store.bodyOf(place.keys.note(7)).toString()}`]);
  });

  it('are cosignatures of witnesses that are known, each of its checkpoint and nothing else', async () => {
    place = {
      ...place,
      witnesses: [noteKey('other', signerFrom('other').publicKey, COSIGNATURE_TYPE), witness],
    };
    const key = place.keys.cosignature(7, witness.id);
    const name = key.slice(place.keys.prefix.length);
    const line = await cosign(store.bodyOf(place.keys.note(7)).toString());
    store.plant(key, line);
    store.plant(place.keys.cosignature(7, '01234567'), 'of a witness that is not known');
    for (const unknown of [`x/${name}`, `${name}.bak`, name.replace('000000000007', '7')])
      store.plant(at(unknown), 'of somebody else');
    expect(await problems()).toEqual([]);
    const refused = [[name, `it is no cosignature of ${witness.name} for this checkpoint`]];
    const otherNote = await noteOf(6, log.rootAt(6));
    for (const text of ['', 'garbage', `${line}${line.replace('w ', 'v ')}`, await cosign(otherNote)]) {
      store.plant(key, text);
      expect(await problems()).toEqual(refused);
    }
    store.plant(key, `${line}${line}`);
    expect(await problems()).toEqual([]);
    store.plant(place.keys.cosignature(3, witness.id), line);
    expect(await problems()).toEqual([
      [`checkpoints/000000000003.${witness.id}.cosig`, 'it is a cosignature of a checkpoint that is missing'],
    ]);
    place = { ...place, witnesses: undefined as never };
    store.plant(key, 'garbage');
    expect(await problems()).toEqual([]);
  });
});

describe('an object of a log', () => {
  const answering = (name: string, answer: () => ReturnType<PlainStore['get']>) => {
    const get: PlainStore['get'] = (key, ...rest) => (key === at(name) ? answer() : store.get(key, ...rest));
    place = { ...place, store: { ...store, get } };
  };
  const SEAL = 'seals/000000000000.json.gz';

  it('that was removed since it was listed is passed over', async () => {
    answering(SEAL, () => Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', 'gone')));
    expect(await problems()).toEqual([]);
  });

  it('that is larger than any is named, and the others are looked at', async () => {
    const found = await store.get(at(SEAL), unlimited);
    answering(SEAL, () => Promise.resolve({ ...found, body: twoHundredMegabytes() }));
    store.plant(at('tile/0/000.p/5'), 'garbage');
    expect(await problems()).toEqual([
      [SEAL, `${at(SEAL)} is larger than ${128 * 1024 * 1024} bytes`],
      ['tile/0/000.p/5', OTHER_TILE],
    ]);
  });

  it('that the store does not give says nothing about the log', async () => {
    answering(SEAL, () => Promise.reject(new ArchiveError('STORE_UNAVAILABLE', 'no answer')));
    expect(await failure(problems())).toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });
});

async function* twoHundredMegabytes() {
  const chunk = Buffer.alloc(1024 * 1024);
  for (let count = 0; count < 200; count += 1) yield await Promise.resolve(chunk);
}
