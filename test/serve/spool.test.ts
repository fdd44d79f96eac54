import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ArchiveError } from '../../src/errors.ts';
import { DUPLICATE_WINDOW_MS } from '../../src/serve/known-bodies.ts';
import { Spool, type SpoolEntry } from '../../src/serve/spool.ts';
import type { SpooledEvent } from '../../src/serve/spooled-event.ts';
import { makeDirectory } from '../cli/run-cli.ts';
import { fastClock } from '../fast-clock.ts';

const NOW = Date.UTC(2026, 4, 20, 12);
const EVENT = { mediaId: 'one', interactionId: 'two' };
const hashOf = (event: unknown) => createHash('sha256').update(JSON.stringify(event)).digest('hex');

let dir: string;
let remove: () => Promise<void>;
let clock: ReturnType<typeof fastClock>;
const opened = new Set<Spool>();
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  clock = fastClock(NOW);
});
afterEach(async () => {
  for (const spool of opened) await spool.close();
  opened.clear();
  await remove();
});

const at = (...names: string[]) => path.join(dir, 'spool', ...names);
const list = async () =>
  Promise.all(['incoming', 'queue', 'failed'].map(async (name) => (await readdir(at(name))).length));

async function open(): Promise<Spool> {
  const spool = await Spool.open(at(), clock);
  opened.add(spool);
  return spool;
}

/** What a process that is killed leaves: everything but the lock of a living process. */
async function reopen(spool: Spool): Promise<Spool> {
  await spool.close();
  opened.delete(spool);
  return open();
}

function mustTake(spool: Spool): SpoolEntry {
  const entry = spool.take();
  if (entry === undefined) throw new Error('nothing is due');
  return entry;
}

async function mustRead(spool: Spool, entry: SpoolEntry): Promise<SpooledEvent> {
  const read = await spool.read(entry);
  if (read === undefined || 'malformed' in read) throw new Error('no event');
  return read;
}

describe('the spool', () => {
  it('keeps an event as one line of JSON, in a directory that only its owner reads', async () => {
    const spool = await open();
    expect(await spool.add(EVENT, hashOf(EVENT))).toBe('queued');
    const [name = ''] = await readdir(at('queue'));
    expect(name).toMatch(new RegExp(String.raw`^1779278400\d{3}-${hashOf(EVENT)}\.json$`));
    const text = await readFile(at('queue', name), 'utf8');
    expect(text.indexOf('\n')).toBe(text.length - 1);
    expect(JSON.parse(text)).toMatchObject({ schemaVersion: 1, attempts: 0, notBefore: 0, event: EVENT });
    expect(await list()).toEqual([0, 1, 0]);
    expect((await stat(at())).mode & 0o777).toBe(0o700);
  });

  it('gives events out in the order they came, each once', async () => {
    const spool = await open();
    for (const mediaId of ['a', 'b', 'c']) {
      await spool.add({ mediaId }, hashOf(mediaId));
      clock.advance(1);
    }
    const taken = [spool.take(), spool.take(), spool.take()].map((entry) => entry?.bodyHash);
    expect(taken).toEqual(['a', 'b', 'c'].map(hashOf));
    expect(spool.take()).toBeUndefined();
    expect(await spool.figures()).toMatchObject({ queued: 3, failed: 0 });
  });

  it('recognises a body that is queued, or was done within 15 minutes, and no other', async () => {
    const spool = await open();
    expect(await Promise.all([1, 2, 3].map(() => spool.add(EVENT, hashOf(EVENT))))).toEqual([
      'queued',
      'duplicate',
      'duplicate',
    ]);
    const entry = mustTake(spool);
    expect(await spool.add(EVENT, hashOf(EVENT))).toBe('duplicate');
    await spool.done(entry);
    clock.advance(DUPLICATE_WINDOW_MS - 1_000);
    expect(await spool.add(EVENT, hashOf(EVENT))).toBe('duplicate');
    expect(await list()).toEqual([0, 0, 0]);
    clock.advance(1_000);
    expect(await spool.add(EVENT, hashOf(EVENT))).toBe('queued');
    // one that has failed is tried again when it is sent again
    const again = mustTake(spool);
    await spool.fail(again, await mustRead(spool, again), new ArchiveError('MEDIA_NOT_FOUND', 'gone'));
    expect(await spool.add(EVENT, hashOf(EVENT))).toBe('queued');
  });

  it('acknowledges nothing that is not on disk', async () => {
    const spool = await open();
    await rename(at('incoming'), at('elsewhere'));
    const both = await Promise.allSettled([1, 2].map(() => spool.add(EVENT, hashOf(EVENT))));
    for (const { status, reason } of both as PromiseRejectedResult[]) {
      expect(status).toBe('rejected');
      expect(reason).toMatchObject({
        code: 'STORE_MISSING',
        message: expect.stringMatching(/^spooling the event failed: Error ENOENT: \/.+/) as string,
      });
    }
    await rename(at('elsewhere'), at('incoming'));
    expect(await spool.add(EVENT, hashOf(EVENT))).toBe('queued');
  });

  it('takes up what a killed process left, and drops what it never acknowledged', async () => {
    const first = await open();
    await first.add(EVENT, hashOf(EVENT));
    const entry = mustTake(first);
    await first.putBack(entry, await mustRead(first, entry), {
      notBefore: NOW + 60_000,
      attempts: 3,
      error: new ArchiveError('MEDIA_UNAVAILABLE', 'no answer'),
    });
    await writeFile(at('incoming', 'a.partial'), '{"schemaVersion":1,"rece');
    const second = await reopen(first);
    expect(await list()).toEqual([0, 1, 0]);
    expect(await second.add(EVENT, hashOf(EVENT))).toBe('duplicate');
    expect(await mustRead(second, mustTake(second))).toMatchObject({
      attempts: 3,
      notBefore: NOW + 60_000,
      reason: 'no answer',
      code: 'MEDIA_UNAVAILABLE',
      event: EVENT,
    });
  });

  it('keeps what failed with its reason; together such files are JSON lines', async () => {
    const spool = await open();
    for (const mediaId of ['a', 'b']) {
      await spool.add({ mediaId }, hashOf(mediaId));
      const entry = mustTake(spool);
      await spool.fail(entry, await mustRead(spool, entry), new ArchiveError('MEDIA_NOT_FOUND', 'unknown'));
    }
    expect(await list()).toEqual([0, 0, 2]);
    expect(await spool.figures()).toEqual({ queued: 0, failed: 2, oldestReceivedAt: undefined });
    const names = (await readdir(at('failed'))).toSorted();
    const lines = (await Promise.all(names.map((name) => readFile(at('failed', name), 'utf8')))).join('');
    expect(
      lines
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual(
      ['a', 'b'].map((mediaId) => ({
        schemaVersion: 1,
        receivedAt: expect.any(Number) as unknown,
        attempts: 0,
        notBefore: 0,
        reason: 'unknown',
        code: 'MEDIA_NOT_FOUND',
        failedAt: expect.any(Number) as unknown,
        event: { mediaId },
      })),
    );
  });

  it('what is moved back from failed/ begins anew', async () => {
    const first = await open();
    await first.add(EVENT, hashOf(EVENT));
    const entry = mustTake(first);
    const spooled = { ...(await mustRead(first, entry)), attempts: 200 };
    clock.advance(86_400_000);
    await first.fail(entry, spooled, new ArchiveError('STORE_DENIED', 'no'));
    await rename(at('failed', entry.name), at('queue', entry.name));
    const second = await reopen(first);
    const read = await mustRead(second, mustTake(second));
    expect(read).toMatchObject({ attempts: 0, notBefore: 0, event: EVENT });
    expect(read.receivedAt).toBeGreaterThanOrEqual(NOW + 86_400_000);
    expect(read).not.toHaveProperty('failedAt');
    expect(read).not.toHaveProperty('reason');
  });

  it('killed while an event was being given up: it is tried once more, and stands in one place', async () => {
    const first = await open();
    await first.add(EVENT, hashOf(EVENT));
    const [name = ''] = await readdir(at('queue'));
    await writeFile(at('failed', name), await readFile(at('queue', name)));
    const second = await reopen(first);
    expect(await list()).toEqual([0, 1, 0]);
    expect(mustTake(second).name).toBe(name);
  });

  it('tells a file that holds no event, and keeps its text', async () => {
    const first = await open();
    const texts = ['', 'no JSON', 'null', '[]', '{"event":1}', '{"receivedAt":1,"attempts":0,"notBefore":0}'];
    for (const [index, text] of texts.entries()) await writeFile(at('queue', `${index}.json`), text);
    await writeFile(at('queue', 'README.txt'), 'not ours');
    const spool = await reopen(first);
    for (const text of texts) {
      const entry = mustTake(spool);
      const read = await spool.read(entry);
      expect(read).toEqual({ malformed: text });
      await spool.fail(entry, { malformed: text }, new ArchiveError('EVENT_INVALID', 'no event'));
      const kept = JSON.parse(await readFile(at('failed', entry.name), 'utf8')) as SpooledEvent;
      expect(kept).toMatchObject({ reason: 'no event', event: text });
    }
    expect(spool.take()).toBeUndefined();
    expect(await list()).toEqual([0, 1, texts.length]);
  });

  it('on a full disk remembers in memory when to try again, and how often it was tried', async () => {
    const spool = await open();
    await spool.add(EVENT, hashOf(EVENT));
    const entry = mustTake(spool);
    const spooled = await mustRead(spool, entry);
    await rename(at('incoming'), at('elsewhere'));
    await spool.putBack(entry, spooled, { notBefore: NOW + 90_000, attempts: 1, error: undefined });
    expect(spool.nextDueAt).toBe(NOW + 90_000);
    clock.advance(90_001);
    expect(await mustRead(spool, mustTake(spool))).toMatchObject({ attempts: 1, notBefore: NOW + 90_000 });
    await expect(
      spool.fail(entry, spooled, new ArchiveError('MEDIA_NOT_FOUND', 'unknown')),
    ).rejects.toMatchObject({ code: 'STORE_MISSING' });
    expect(await readdir(at('queue'))).toEqual([entry.name]);
    await mkdir(at('incoming'));
  });

  it('passes over a file that was taken away', async () => {
    const spool = await open();
    await spool.add(EVENT, hashOf(EVENT));
    const entry = mustTake(spool);
    await rename(at('queue', entry.name), at('taken'));
    expect(await spool.read(entry)).toBeUndefined();
  });

  it('says how old the oldest event is', async () => {
    const spool = await open();
    await spool.add(EVENT, hashOf(EVENT));
    clock.advance(5_000);
    await spool.add({ ...EVENT, mediaId: 'other' }, hashOf('other'));
    const { oldestReceivedAt } = await spool.figures();
    expect(oldestReceivedAt).toBeGreaterThanOrEqual(NOW);
    expect(oldestReceivedAt).toBeLessThan(NOW + 5_000);
  });
});
