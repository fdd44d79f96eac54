import { beforeEach, describe, expect, it } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { putCustody } from '../../../src/proof/evidence/custody.ts';
import type { PackageFile } from '../../../src/proof/evidence/package-file.ts';
import { failure } from '../../failure.ts';
import { idFrom } from '../archive-fixture.ts';
import { type PlainStore, plainStore } from '../plain-store.ts';

const RECORDING = idFrom('a recording');
const DAY = '2026-05-20';
let store: PlainStore;
let files: PackageFile[];
beforeEach(() => {
  store = plainStore();
  files = [];
});

const lineOf = (word: string, recording = RECORDING) => `${JSON.stringify({ v: 1, recording, word })}\n`;
const keyOf = (day: string, name: string) => `access/${day.replaceAll('-', '/')}/${name}.json`;
const collect = (from: ObjectStore = store) =>
  putCustody(
    from,
    { recordings: new Set([RECORDING]), since: DAY },
    (file) => {
      files.push(file);
      return Promise.resolve();
    },
    unlimited,
  );

describe('who had access to the recordings of a package', () => {
  it('is what the entries about them say, byte for byte, in the order of their keys', async () => {
    store.plant(keyOf('2026-05-21', 'b'), lineOf('third', RECORDING.toUpperCase()));
    store.plant(keyOf('2026-05-21', 'a'), lineOf('second'));
    store.plant(keyOf(DAY, 'z'), lineOf('first'));
    store.plant(keyOf('2026-05-19', 'a'), lineOf('of a day before any of them'));
    store.plant(keyOf('2026-05-22', 'a'), lineOf('about another', idFrom('another')));
    expect(await collect()).toBe('entries');
    expect(files).toEqual([
      {
        name: 'custody.jsonl',
        body: Buffer.from(lineOf('first') + lineOf('second') + lineOf('third', RECORDING.toUpperCase())),
      },
    ]);
  });

  it.each([
    ['no JSON', 'no entry\n'],
    ['another version', lineOf('x').replace('"v":1', '"v":2')],
    ['no recording', '{"v":1}\n'],
    ['a recording that is no text', '{"v":1,"recording":1}\n'],
    ['no line feed', lineOf('x').trimEnd()],
    ['two lines', lineOf('x').replace(',', ',\n')],
    ['a line too many', `${lineOf('x')}\n`],
    ['nothing', ''],
    ['more than an entry holds', lineOf('x'.repeat(16_384))],
  ])('is not what is no entry: %s', async (_what, text) => {
    store.plant(keyOf(DAY, 'a'), text);
    expect(await collect()).toBe('none');
    expect(files).toEqual([]);
  });

  it('is not what was removed since it was listed', async () => {
    store.plant(keyOf(DAY, 'a'), lineOf('gone'));
    const get: PlainStore['get'] = () => Promise.reject(new ArchiveError('OBJECT_NOT_FOUND', 'gone'));
    expect(await collect({ ...store, get })).toBe('none');
  });

  it('is not told by who may not read all of it', async () => {
    store.plant(keyOf(DAY, 'a'), lineOf('readable'));
    store.plant(keyOf(DAY, 'b'), lineOf('not readable'));
    const refusing = (code: 'STORE_DENIED' | 'STORE_UNAVAILABLE'): ObjectStore => ({
      ...store,
      get: (key, ...rest) =>
        key.endsWith('b.json') ? Promise.reject(new ArchiveError(code, 'no')) : store.get(key, ...rest),
    });
    expect(await collect(refusing('STORE_DENIED'))).toBe('forbidden');
    expect(await failure(collect(refusing('STORE_UNAVAILABLE')))).toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
    const unlisted: ObjectStore = {
      ...store,
      list: () => {
        throw new ArchiveError('STORE_DENIED', 'no');
      },
    };
    expect(await collect(unlisted)).toBe('forbidden');
    expect(files).toEqual([]);
  });

  it('is read once, 512 entries before the next are listed', async () => {
    for (let at = 0; at < 513; at += 1) store.plant(keyOf(DAY, String(at).padStart(3, '0')), lineOf('x'));
    const steps: string[] = [];
    const noting: ObjectStore = {
      ...store,
      get: (key, ...rest) => {
        steps.push('read');
        return store.get(key, ...rest);
      },
      list: async function* (prefix, budget) {
        for await (const stat of store.list(prefix, budget)) {
          steps.push('listed');
          yield stat;
        }
      },
    };
    expect(await collect(noting)).toBe('entries');
    const times = (count: number, step: string) => Array.from({ length: count }, () => step);
    expect(steps).toEqual([...times(512, 'listed'), ...times(512, 'read'), 'listed', 'read']);
  });
});
