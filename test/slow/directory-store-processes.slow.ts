import { execFile, execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { unlimited } from '../../src/clock.ts';
import type { ObjectStore } from '../../src/ports.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { bodyOf, contentOf, readAll, sha256 } from '../store/bytes.ts';

const key = 'archive/2026/01/31/rec.enc';
const BYTES = 2 * 1024 * 1024 + 17;

let parent: string;
let writer: string;
let serial = 0;

beforeAll(async () => {
  parent = await mkdtemp(path.join(tmpdir(), 'directory-writers-'));
  await chmod(parent, 0o755);
  writer = path.join(parent, 'writer.mjs');
  await build({
    entryPoints: [path.join(import.meta.dirname, '../store/directory-writer.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: writer,
    logLevel: 'silent',
  });
});
afterAll(async () => {
  await rm(parent, { recursive: true });
});

interface Outcome {
  readonly outcome?: 'stored' | 'exists';
  readonly changes?: number;
  readonly error?: { readonly code: string; readonly hint?: string };
  readonly left?: readonly string[];
  /** Set when the process was killed. */
  readonly signal?: string;
}

/** Runs a writer in a process of its own. `inside` is put in front of the command line. */
async function write(
  root: string,
  env: Record<string, string>,
  inside: readonly string[] = [],
): Promise<Outcome> {
  const [command = process.execPath, ...args] = inside.length === 0 ? [] : [...inside, process.execPath];
  const all = { PATH: process.env['PATH'] ?? '', ROOT: root, KEY: key, BYTES: String(BYTES), ...env };
  return new Promise((resolve, reject) => {
    execFile(command, [...args, writer], { env: all }, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve({ signal: error.signal });
      else if (error !== null) reject(new Error(stderr));
      else resolve(JSON.parse(stdout) as Outcome);
    });
  });
}

async function newRoot(): Promise<string> {
  const root = path.join(parent, `root-${++serial}`);
  await mkdir(root);
  return root;
}

/** The object that stands there is whole, and its metadata are those of its own writer. */
async function expectWhole(store: ObjectStore): Promise<string> {
  const got = await store.get(key, unlimited);
  const by = got.stat.metadata['writer'] ?? 'nobody';
  const content = contentOf(BYTES, Number(by));
  expect(got.stat).toMatchObject({ size: BYTES, checksum: { type: 'full', sha256: sha256(content) } });
  expect(sha256(await readAll(got.body))).toBe(sha256(content));
  return by;
}

async function keysOf(store: ObjectStore): Promise<string[]> {
  const keys: string[] = [];
  for await (const found of store.list('', unlimited)) keys.push(found.key);
  return keys;
}

describe('directory store, several processes', () => {
  it('lets exactly one of eight racing processes store', async () => {
    const root = await newRoot();
    const writers = Array.from({ length: 8 }, (_, index) => String(index + 1));
    const outcomes = await Promise.all(writers.map((WRITER) => write(root, { WRITER })));
    const winners = writers.filter((_, index) => outcomes[index]?.outcome === 'stored');
    expect(outcomes.filter(({ outcome }) => outcome === 'exists')).toHaveLength(7);
    expect(winners).toEqual([await expectWhole(createDirectoryStore(root))]);
    expect((await readdir(root, { recursive: true })).filter((name) => name.endsWith('.partial'))).toEqual(
      [],
    );
  });

  it('survives a kill before every single change to the file system', async () => {
    const { changes = 0 } = await write(await newRoot(), { WRITER: '1' });
    expect(changes).toBeGreaterThan(10);
    const fates = { nothing: 0, whole: 0 };
    for (let crashAt = 1; crashAt <= changes; crashAt += 1) {
      const root = await newRoot();
      expect(await write(root, { WRITER: '1', CRASH_AT: String(crashAt) })).toEqual({ signal: 'SIGKILL' });
      const store = createDirectoryStore(root);
      // a different door each time
      const seen = [
        async () => (await store.head(key, unlimited)) !== undefined,
        async () => (await keysOf(store)).length === 1,
        async () => (await store.get(key, unlimited).catch(() => undefined)) !== undefined,
      ][crashAt % 3];
      const whole = (await seen?.()) === true;
      fates[whole ? 'whole' : 'nothing'] += 1;
      if (whole) expect(await expectWhole(store)).toBe('1');

      const options = { metadata: { writer: '2' }, contentType: 'audio/wav' };
      const again = await store.put(key, bodyOf(contentOf(BYTES, 2)), options, unlimited);
      expect(again.outcome).toBe(whole ? 'exists' : 'stored');
      expect(await expectWhole(store)).toBe(whole ? '1' : '2');
      expect(await keysOf(store)).toEqual([key]);
    }
    // the link is neither the first nor the last change
    expect(fates.nothing).toBeGreaterThan(3);
    expect(fates.whole).toBeGreaterThan(1);
  }, 60_000);
});

describe('directory store, an I/O error', () => {
  it('at any single change leaves no object, or a whole one, and no temporary files', async () => {
    const { changes = 0 } = await write(await newRoot(), { WRITER: '1' });
    const fates = { failed: 0, standing: 0 };
    for (let failAt = 1; failAt <= changes; failAt += 1) {
      const root = await newRoot();
      const { outcome, error } = await write(root, { WRITER: '1', FAIL_AT: String(failAt) });
      if (outcome === undefined) expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      const store = createDirectoryStore(root);
      const stands = (await store.head(key, unlimited)) !== undefined;
      if (stands) expect(await expectWhole(store)).toBe('1');
      else expect(outcome).toBeUndefined();
      fates[stands ? 'standing' : 'failed'] += 1;
      const left = (await readdir(root, { recursive: true })).filter((name) => name.endsWith('.partial'));
      // the only step whose failure is ignored is removing the data's temporary name
      if (outcome !== 'stored') expect(left).toEqual([]);
    }
    expect(fates.failed).toBeGreaterThan(3);
    expect(fates.standing).toBeGreaterThan(1);
  }, 60_000);
});

describe('directory store, an object whose writer died before its metadata had their name', () => {
  async function orphan(): Promise<{ root: string; store: ObjectStore }> {
    const root = await newRoot();
    const store = createDirectoryStore(root);
    await store.put(
      key,
      bodyOf(contentOf(BYTES, 1)),
      { metadata: { writer: '1' }, contentType: 'audio/wav' },
      unlimited,
    );
    const data = path.join(root, key);
    await link(data, `${data}.0123456789ab.partial`);
    await rename(`${data}.metadata.json`, `${data}.0123456789ab.metadata.partial`);
    // what other writers, losing and dead, have left
    for (const other of ['000000000000', 'ffffffffffff']) {
      await writeFile(`${data}.${other}.partial`, contentOf(BYTES, 2));
      await writeFile(`${data}.${other}.metadata.partial`, '{}');
    }
    await writeFile(`${data}.0123456789ab.extra.partial`, '');
    return { root, store };
  }

  const doors: Record<string, (store: ObjectStore) => Promise<unknown>> = {
    head: (store) => store.head(key, unlimited),
    get: (store) => store.get(key, unlimited),
    list: keysOf,
    put: (store) => store.put(key, bodyOf(contentOf(1)), { metadata: {}, contentType: 'a/b' }, unlimited),
  };
  it.for(Object.keys(doors))('is settled by %s', async (door) => {
    const { root, store } = await orphan();
    await doors[door]?.(store);
    const files = await readdir(path.dirname(path.join(root, key)));
    expect(files).toContain('rec.enc.metadata.json');
    expect(files).not.toContain('rec.enc.0123456789ab.partial');
    expect(await expectWhole(store)).toBe('1');
  });

  it('is settled once, by any number of visitors at the same time', async () => {
    const { store } = await orphan();
    const stats = await Promise.all(Array.from({ length: 16 }, () => store.head(key, unlimited)));
    for (const stat of stats) expect(stat?.metadata).toEqual({ writer: '1' });
  });
});

describe('directory store, what the file system refuses', () => {
  it('says that it may not write, and leaves nothing', async () => {
    const root = await newRoot();
    await chmod(root, 0o555);
    const privileged = process.getuid?.() === 0;
    const refused = await write(root, privileged ? { UID: '65534' } : {});
    expect(refused).toMatchObject({ error: { code: 'STORE_DENIED', retryable: false }, left: [] });
    await chmod(root, 0o755);
  });

  it('follows no symbolic link out of the archive', async () => {
    const root = await newRoot();
    const outside = await newRoot();
    await writeFile(path.join(outside, 'secret'), 'secret');
    await symlink(outside, path.join(root, 'archive'));
    await symlink(path.join(outside, 'secret'), path.join(root, 'file'));
    const store = createDirectoryStore(root);
    const refusal = { code: 'STORE_DENIED', retryable: false };
    for (const name of ['archive/secret', 'file']) {
      await expect(store.get(name, unlimited)).rejects.toMatchObject(refusal);
      await expect(store.head(name, unlimited)).rejects.toMatchObject(refusal);
      const options = { metadata: {}, contentType: 'a/b' };
      await expect(store.put(name, bodyOf(contentOf(1)), options, unlimited)).rejects.toMatchObject(refusal);
    }
    expect(await keysOf(store)).toEqual([]);
    expect(await readdir(outside)).toEqual(['secret']);
  });

  it('may itself be reached through one', async () => {
    const root = await newRoot();
    await symlink(root, `${root}-link`);
    const store = createDirectoryStore(`${root}-link`);
    await store.put(
      key,
      bodyOf(contentOf(BYTES, 1)),
      { metadata: { writer: '1' }, contentType: 'a/b' },
      unlimited,
    );
    expect(await expectWhole(createDirectoryStore(root))).toBe('1');
  });

  it('refuses names its own files have, and names too long for a file', async () => {
    const store = createDirectoryStore(await newRoot());
    const bad = ['a.partial', 'a.metadata.json', 'a.metadata.json/b', 'a.metadata.partial', 'x'.repeat(250)];
    for (const name of bad) {
      const put = store.put(name, bodyOf(contentOf(1)), { metadata: {}, contentType: 'a/b' }, unlimited);
      await expect(put).rejects.toMatchObject({ code: 'KEY_INVALID', retryable: false });
    }
  });

  it('reports a metadata file that was damaged', async () => {
    const root = await newRoot();
    const store = createDirectoryStore(root);
    await store.put('a', bodyOf(contentOf(1)), { metadata: {}, contentType: 'a/b' }, unlimited);
    for (const text of ['', '{}', '{"schemaVersion":2}', 'null']) {
      await writeFile(path.join(root, 'a.metadata.json'), text);
      await expect(store.head('a', unlimited)).rejects.toMatchObject({
        code: 'OBJECT_MALFORMED',
        retryable: false,
      });
    }
  });

  const mountable = canMount();
  describe.skipIf(!mountable)(
    `on a file system of its own${mountable ? '' : ' [needs: root and mount namespaces]'}`,
    () => {
      const inside = (root: string, options: string) => {
        const script = `mount -t tmpfs -o ${options} tmpfs "$1" && shift && exec "$@"`;
        return ['unshare', '-m', '--propagation', 'private', 'sh', '-c', script, 'sh', root];
      };

      it('that is full: says so, and leaves nothing', async () => {
        const root = await newRoot();
        const refused = await write(root, { KEY: 'rec.enc' }, inside(root, 'size=1m'));
        expect(refused).toMatchObject({ error: { code: 'STORE_FULL', retryable: true }, left: [] });
      });

      it('that is read-only', async () => {
        const root = await newRoot();
        expect(await write(root, {}, inside(root, 'ro'))).toMatchObject({
          error: { code: 'STORE_DENIED' },
          left: [],
        });
      });
    },
  );
});

function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['-m', '--propagation', 'private', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}
