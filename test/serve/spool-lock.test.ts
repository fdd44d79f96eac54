import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { ArchiveError } from '../../src/errors.ts';
import { lockSpool } from '../../src/serve/spool-lock.ts';
import { makeDirectory } from '../cli/run-cli.ts';

let dir: string;
let file: string;
let remove: () => Promise<void>;
beforeEach(async () => {
  ({ dir, remove } = await makeDirectory());
  file = path.join(dir, 'lock');
});
afterEach(() => remove());

const lock = () => lockSpool(dir, systemClock, () => {});
const readLock = async () => JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;

/** The lock as this process would hold it, except for what is given; last beaten `ageS` seconds ago. */
async function plant(changes: Record<string, unknown>, ageS = 0): Promise<void> {
  await rm(file, { force: true });
  const held = await lock();
  const own = await readLock();
  await held.release();
  await writeFile(file, JSON.stringify({ ...own, token: 'another', ...changes }));
  const seconds = Date.now() / 1000 - ageS;
  await utimes(file, seconds, seconds);
}

const onLinux = process.platform === 'linux';

describe('the lock of a spool', () => {
  it('is held by one, and free again when it is released', async () => {
    const held = await lock();
    await expect(lock()).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(`in use by process ${process.pid} on `) as unknown,
      hint: expect.stringContaining('--spool') as unknown,
    });
    expect(await readdir(dir)).toEqual(['lock']);
    await held.release();
    expect(await readdir(dir)).toEqual([]);
    await (await lock()).release();
  });

  it('goes to exactly one of many who find a dead holder', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    for (let round = 0; round < 5; round += 1) {
      await plant({ pid: child.pid, startedAt: '1' });
      const results = await Promise.allSettled(Array.from({ length: 8 }, lock));
      const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      expect(winners).toHaveLength(1);
      expect(await readdir(dir)).toEqual(['lock']);
      await winners[0]?.release();
    }
  });

  it.skipIf(!onLinux)(
    '[needs: /proc] is not held by another process that was given the same number',
    async () => {
      await plant({ startedAt: '1' });
      await expect(lock().then((held) => held.release())).resolves.toBeUndefined();
    },
  );

  it.skipIf(!onLinux)('[needs: /proc] is not held by a zombie', async () => {
    // the shell becomes the second `sleep`, which never asks what became of the first
    const parent = spawn('/bin/sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30']);
    const [shown] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(shown.toString());
    const read = async () => {
      const text = await readFile(`/proc/${pid}/stat`, 'utf8');
      return text.slice(text.lastIndexOf(')') + 2).split(' ');
    };
    while ((await read())[0] !== 'Z') await new Promise((resolve) => setTimeout(resolve, 5));
    await plant({ pid, startedAt: (await read())[19] });
    await expect(lock().then((held) => held.release())).resolves.toBeUndefined();
    parent.kill();
    await once(parent, 'exit');
  });

  it('of another machine or container is held as long as its heart beats', async () => {
    await plant({ scope: 'another boot pid:[1]', host: 'elsewhere', pid: 1 }, 50);
    await expect(lock()).rejects.toMatchObject({
      message: expect.stringContaining('process 1 on elsewhere') as unknown,
    });
    await plant({ scope: 'another boot pid:[1]', host: 'elsewhere', pid: 1 }, 61);
    await (await lock()).release();
  });

  it('where the system does not say when a process began: is held by a number that answers and beats', async () => {
    const child = spawn('sleep', ['30']);
    const elsewhere = { scope: '', startedAt: '', pid: child.pid };
    await plant(elsewhere, 50);
    await expect(lock()).rejects.toMatchObject({ code: 'USAGE' });
    await plant(elsewhere, 61);
    await (await lock()).release();
    child.kill();
    await once(child, 'exit');
  });

  it.each(['', 'null', '{}', '{"token":1}', 'no JSON'])(
    'that cannot be understood is without owner: %j',
    async (text) => {
      await writeFile(file, text);
      await expect(lock().then((held) => held.release())).resolves.toBeUndefined();
    },
  );

  it('released by one who has lost it, stays', async () => {
    const held = await lock();
    await writeFile(file, JSON.stringify({ ...(await readLock()), token: 'another' }));
    await held.release();
    expect(await readLock()).toMatchObject({ token: 'another' });
  });

  it('beats every 10 seconds, and tells when another one has taken it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const lost: ArchiveError[] = [];
      const held = await lockSpool(dir, systemClock, (error) => lost.push(error));
      await utimes(file, 1, 1);
      vi.advanceTimersByTime(10_000);
      await vi.waitFor(async () => expect((await stat(file)).mtimeMs).toBeGreaterThan(1_000_000));
      expect(lost).toEqual([]);
      await writeFile(file, JSON.stringify({ ...(await readLock()), token: 'another' }));
      vi.advanceTimersByTime(10_000);
      await vi.waitFor(() => expect(lost).toMatchObject([{ code: 'USAGE' }]));
      vi.advanceTimersByTime(60_000);
      await held.release();
      expect(lost).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });

  it('clears away what those have left who were killed while they asked for it', async () => {
    const [old, young] = [randomUUID(), randomUUID()].map((token) => `lock.${token}`) as [string, string];
    for (const name of [old, young, 'lock.mine', 'notes']) await writeFile(path.join(dir, name), '');
    const longAgo = Date.now() / 1000 - 61;
    for (const name of [old, 'lock.mine', 'notes']) await utimes(path.join(dir, name), longAgo, longAgo);
    const held = await lock();
    expect((await readdir(dir)).toSorted()).toEqual(['lock', 'lock.mine', young, 'notes'].toSorted());
    await held.release();
  });

  it('needs a directory', async () => {
    await mkdir(path.join(dir, 'spool'));
    await expect(lockSpool(path.join(dir, 'nowhere'), systemClock, () => {})).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});
