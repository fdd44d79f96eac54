import { execFileSync } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unlimited } from '../../../src/clock.ts';
import { makeDirectories } from '../../../src/make-directories.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { contentOf, readAll } from '../bytes.ts';

const OPTIONS = { metadata: { iv: 'AAECAwQFBgcICQoL' }, contentType: 'audio/wav' };
const BODY = contentOf(1000);
let dir: string;
let root: string;
let store: ObjectStore;

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'directory-hardening-'));
  root = path.join(dir, 'archive');
  store = createDirectoryStore(root);
});
afterEach(async () => {
  await chmod(root, 0o755).catch(() => {});
  await rm(dir, { recursive: true });
});

const put = (key: string, body = BODY) => store.put(key, body, OPTIONS, unlimited);
const listAll = async (one = store) => {
  const keys: string[] = [];
  for await (const { key } of one.list('', unlimited)) keys.push(key);
  return keys;
};
const operationsOn = (key: string): readonly (() => Promise<unknown>)[] => [
  () => store.head(key, unlimited),
  () => store.get(key, unlimited),
  () => put(key),
];
const makePipe = (file: string) => execFileSync('mkfifo', [file]);
/** What would block, blocks for ever. */
const soon = <T>(work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('blocked')), 3_000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

describe('a place that is no directory', () => {
  const places: Readonly<Record<string, () => Promise<string>>> = {
    'a regular file': async () => {
      const file = path.join(dir, 'file');
      await writeFile(file, 'x');
      return file;
    },
    'a symbolic link to nothing': async () => {
      const link = path.join(dir, 'link');
      await symlink(path.join(dir, 'nothing'), link);
      return link;
    },
    'a path below a symbolic link to nothing': async () => {
      await symlink(path.join(dir, 'nothing'), path.join(dir, 'dangling'));
      return path.join(dir, 'dangling', 'below', 'archive');
    },
    'a symbolic link to itself': async () => {
      const link = path.join(dir, 'loop');
      await symlink(link, link);
      return link;
    },
    'a symbolic link to a file': async () => {
      await writeFile(path.join(dir, 'target'), 'x');
      await symlink(path.join(dir, 'target'), path.join(dir, 'to-file'));
      return path.join(dir, 'to-file');
    },
    'a path below a file': async () => {
      await writeFile(path.join(dir, 'above'), 'x');
      return path.join(dir, 'above', 'archive');
    },
    'a pipe': () => {
      makePipe(path.join(dir, 'pipe'));
      return Promise.resolve(path.join(dir, 'pipe'));
    },
  };

  it.for(Object.keys(places))('%s is STORE_MISSING, with its name, for every operation', async (kind) => {
    const place = await (places[kind] ?? (() => Promise.reject(new Error(kind))))();
    const wrong = createDirectoryStore(place);
    const operations: readonly (() => Promise<unknown>)[] = [
      () => wrong.put('a/b', BODY, OPTIONS, unlimited),
      () => wrong.put('a', BODY, OPTIONS, unlimited),
      () => wrong.head('a', unlimited),
      () => wrong.head('a/b', unlimited),
      () => wrong.get('a/b', unlimited),
      () => listAll(wrong),
      async () => {
        for await (const _ of wrong.listUploads?.(unlimited) ?? listNothing()) break;
      },
    ];
    for (const work of operations) {
      await expect(soon(work())).rejects.toMatchObject({
        code: 'STORE_MISSING',
        message: expect.stringContaining(place) as string,
        hint: expect.stringContaining('ARCHIVE_STORE') as string,
      });
    }
  });

  it('that can never be made is refused at once', async () => {
    await expect(soon(makeDirectories('/proc/x/y'))).rejects.toMatchObject({ code: 'ENOENT' });
    const nowhere = createDirectoryStore('/proc/x');
    await expect(soon(nowhere.put('a', BODY, OPTIONS, unlimited))).rejects.toMatchObject({
      code: 'STORE_MISSING',
      message: expect.stringContaining('/proc/x') as string,
    });
  });

  it('that is a link to a directory is the archive', async () => {
    await mkdir(path.join(dir, 'real'));
    await symlink(path.join(dir, 'real'), root);
    await put('a/b');
    expect(await listAll()).toEqual(['a/b']);
  });
});

describe('what is no file, inside of the archive', () => {
  const kinds: Readonly<Record<string, (file: string) => Promise<void>>> = {
    pipe: (file) => Promise.resolve(void makePipe(file)),
    'link to a file': async (file) => {
      await writeFile(path.join(dir, 'elsewhere'), '{}');
      await symlink(path.join(dir, 'elsewhere'), file);
    },
    'link to nothing': (file) => symlink(path.join(dir, 'nothing'), file),
    'link to a pipe': async (file) => {
      makePipe(path.join(dir, 'pipe'));
      await symlink(path.join(dir, 'pipe'), file);
    },
    directory: async (file) => {
      await mkdir(file);
    },
  };

  it.for(Object.keys(kinds))(
    '%s as a metadata file: refused by name, and nothing waits for it',
    async (kind) => {
      await put('a/b');
      const record = path.join(root, 'a', 'b.metadata.json');
      await unlink(record);
      await kinds[kind]?.(record);
      for (const work of operationsOn('a/b')) {
        await expect(soon(work())).rejects.toMatchObject({
          code: 'STORE_DENIED',
          message: expect.stringContaining('b.metadata.json') as string,
        });
      }
      // a listing needs no metadata
      expect(await soon(listAll())).toEqual(['a/b']);
    },
  );

  it.for(Object.keys(kinds))('%s where the metadata of a new object go: nothing is stored', async (kind) => {
    await put('a/other');
    await kinds[kind]?.(path.join(root, 'a', 'b.metadata.json'));
    await expect(soon(put('a/b'))).rejects.toMatchObject({ code: 'STORE_DENIED' });
    expect((await readdir(path.join(root, 'a'))).filter((name) => name.startsWith('b'))).toEqual([
      'b.metadata.json',
    ]);
  });

  it.for(Object.keys(kinds).filter((kind) => kind !== 'directory'))(
    '%s in the place of an object: refused by name, and told of by a listing',
    async (kind) => {
      await put('a/other');
      await kinds[kind]?.(path.join(root, 'a', 'b'));
      for (const work of operationsOn('a/b')) {
        await expect(soon(work())).rejects.toMatchObject({ code: 'STORE_DENIED' });
      }
      const others: string[] = [];
      const keys: string[] = [];
      const listing = store.list('', unlimited, { onOther: (name) => others.push(name) });
      for await (const { key } of listing) keys.push(key);
      expect({ keys, others }).toEqual({ keys: ['a/other'], others: ['a/b'] });
    },
  );

  it('is told of with metadata that have lost their object, and names that no object has', async () => {
    await put('a/b');
    await writeFile(path.join(root, 'a', 'lost.metadata.json'), '{}');
    await writeFile(path.join(root, 'a', 'name with spaces'), '');
    await writeFile(path.join(root, 'a', 'c.0123456789ab.partial'), '');
    const others: string[] = [];
    for await (const _ of store.list('', unlimited, { onOther: (name) => others.push(name) })) continue;
    expect(others.toSorted()).toEqual(['a/lost.metadata.json', 'a/name with spaces']);
  });
});

describe('files that are not complete', () => {
  it.for([0o000, 0o022, 0o002, 0o077, 0o277])('are their owner’s alone with umask %o', async (umask) => {
    await mkdir(root, { mode: 0o755 });
    await mkdir(path.join(root, 'a'), { mode: 0o755 });
    const before = process.umask(umask);
    const modes = new Map<string, number>();
    try {
      async function* body() {
        yield BODY;
        for (const name of await readdir(path.join(root, 'a'))) {
          modes.set(name, (await stat(path.join(root, 'a', name))).mode & 0o777);
        }
        yield BODY;
      }
      await store.put('a/b', body(), OPTIONS, unlimited);
    } finally {
      process.umask(before);
    }
    expect([...modes.keys()]).toEqual([expect.stringMatching(/\.partial$/)]);
    expect([...modes.values()]).toEqual([0o600]);
  });

  it('become readable to those who may read the directory, once they are an object', async () => {
    for (const [name, mode, expected] of [
      ['open', 0o755, 0o644],
      ['group', 0o750, 0o640],
      ['own', 0o700, 0o600],
    ] as const) {
      await mkdir(path.join(root, name), { recursive: true });
      await chmod(path.join(root, name), mode);
      await put(`${name}/a`);
      for (const file of ['a', 'a.metadata.json']) {
        expect((await stat(path.join(root, name, file))).mode & 0o777).toBe(expected);
      }
    }
  });
});

describe.skipIf(process.getuid?.() === 0)('a refusal of the file system', () => {
  it('names the path and what to look at', async () => {
    await put('a/b');
    await chmod(path.join(root, 'a'), 0o000);
    for (const work of [() => store.head('a/b', unlimited), () => put('a/c'), () => listAll()]) {
      await expect(work()).rejects.toMatchObject({
        code: 'STORE_DENIED',
        message: expect.stringContaining(path.join(root, 'a')) as string,
        hint: expect.stringContaining('ls -ld') as string,
      });
    }
    await chmod(path.join(root, 'a'), 0o755);
  });
});

describe('objects that are replaced', () => {
  const version = (number: number) => Buffer.from(`${number}`.repeat(1 + (number % 7) * 100));

  async function replaceBy(number: number): Promise<string> {
    const expected = await store.head('a/day', unlimited);
    if (expected === undefined) throw new Error('it is not there');
    const metadata = { size: `${version(number).length}` };
    const result = await store.replace?.(expected, version(number), { ...OPTIONS, metadata }, unlimited);
    return result?.outcome ?? 'absent';
  }

  it('are read whole: facts, metadata and bytes of one version', async () => {
    const first = { ...OPTIONS, metadata: { size: `${version(1).length}` } };
    await store.put('a/day', version(1), first, unlimited);
    const writing = { done: false };
    const reading = Array.from({ length: 4 }, async () => {
      while (!writing.done) {
        const { stat: facts, body } = await store.get('a/day', unlimited);
        const bytes = await readAll(body);
        expect(bytes.length).toBe(facts.size);
        expect(facts.metadata).toEqual({ size: `${bytes.length}` });
        expect(new Set(bytes).size).toBe(1);
        const head = await store.head('a/day', unlimited);
        expect(head?.metadata).toEqual({ size: `${head?.size}` });
      }
    });
    for (let number = 2; number < 60; number += 1) expect(await replaceBy(number % 10)).toBe('replaced');
    writing.done = true;
    await Promise.all(reading);
  });

  it('end with an error, never with bytes of another version, when they are too large to be read at once', async () => {
    const large = (byte: number) => Buffer.alloc(300 * 1024 + byte, byte);
    await store.put('a/day', large(1), OPTIONS, unlimited);
    const { stat: facts, body } = await store.get('a/day', unlimited);
    const expected = await store.head('a/day', unlimited);
    if (expected === undefined) throw new Error('it is not there');
    await store.replace?.(expected, large(2), OPTIONS, unlimited);
    expect(facts.size).toBe(300 * 1024 + 1);
    await expect(readAll(body)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  });

  it('are replaced by one of those who try it at once, however many they are', async () => {
    await put('a/day', version(1));
    for (let round = 0; round < 10; round += 1) {
      const expected = await store.head('a/day', unlimited);
      if (expected === undefined) throw new Error('it is not there');
      const attempts = Array.from({ length: 8 }, async (_, number) =>
        createDirectoryStore(root).replace?.(expected, version(number), OPTIONS, unlimited),
      );
      const outcomes = (await Promise.all(attempts)).map((result) => result?.outcome);
      expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'changed')).toHaveLength(7);
    }
    expect((await readdir(path.join(root, 'a'))).toSorted()).toEqual(['day', 'day.metadata.json']);
  });

  it('are replaced at once although a process was killed while it replaced them', async () => {
    await put('a/day', version(1));
    const lock = path.join(root, 'a', 'day.000000000000.metadata.partial');
    await writeFile(lock, '');
    await utimes(lock, new Date(), new Date(Date.now() - 60_000));
    expect(await soon(replaceBy(2))).toBe('replaced');
    await expect(readFile(lock)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('wait for another who is at it', async () => {
    await put('a/day', version(1));
    const lock = path.join(root, 'a', 'day.000000000000.metadata.partial');
    await writeFile(lock, '');
    const replacing = replaceBy(2);
    await vi.waitFor(async () => expect((await readdir(path.join(root, 'a'))).length).toBeGreaterThan(3));
    expect(await Promise.race([replacing, Promise.resolve('waiting')])).toBe('waiting');
    await unlink(lock);
    expect(await replacing).toBe('replaced');
  });
});

async function* listNothing(): AsyncGenerator<never> {}
