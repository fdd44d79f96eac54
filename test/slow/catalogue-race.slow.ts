import { build } from 'esbuild';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { compactDay } from '../../src/catalogue/compact-day.ts';
import { openDayFile, readRows } from '../../src/catalogue/day-file.ts';
import { dayFileKey, WHOLE_DAY } from '../../src/catalogue/places.ts';
import { readRunInputs } from '../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../src/clock.ts';
import { createDirectoryStore } from '../../src/store/directory/directory-store.ts';
import { addRecording, DAY, inventPorts } from '../catalogue/invented-archive.ts';

const COMPACTORS = 3;
const LOTS = 15;
const IN_A_LOT = 40;

it('three compactors that are killed again and again leave one row for each receipt, and no reader sees a row twice', {
  timeout: 300_000,
}, async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'catalogue-race-'));
  const program = path.join(folder, 'writer.mjs');
  await build({
    entryPoints: ['test/slow/catalogue-writer.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    define: { PACKAGE_VERSION: '"0.0.0"' },
    banner: {
      js: "import { createRequire as __r } from 'node:module';const require = __r(import.meta.url);",
    },
    logLevel: 'error',
  });
  const directory = path.join(folder, 'archive');
  const archive = createDirectoryStore(directory);
  const ports = inventPorts({ archive, catalogue: archive, key: Buffer.alloc(32, 3) });
  const children: ChildProcess[] = [];
  const start = (at: number) => {
    children[at] = spawn(process.execPath, [program, directory, DAY], { stdio: 'ignore' });
  };
  const stop = async (at: number) => {
    const child = children[at];
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  const look = async () => {
    const where = { catalogue: archive, tables: ports.tables, location: archive.location };
    const file = await openDayFile(where, dayFileKey(DAY), undefined, unlimited);
    if (file === undefined) return [];
    const keys = (await readRows(file.table, { from: 0, to: file.table.rows }, ['key'])).map(
      ({ key }) => key,
    );
    await file.close();
    return keys;
  };
  let kills = 0;
  try {
    for (let at = 0; at < COMPACTORS; at += 1) start(at);
    for (let lot = 0; lot < LOTS; lot += 1) {
      for (let count = 0; count < IN_A_LOT; count += 1) {
        await addRecording(archive);
        if (count % 10 !== 9) continue;
        const victim = kills % COMPACTORS;
        await stop(victim);
        start(victim);
        kills += 1;
      }
      const keys = await look();
      expect(new Set(keys).size).toBe(keys.length);
    }
  } finally {
    for (let at = 0; at < COMPACTORS; at += 1) await stop(at);
  }
  await compactDay(ports, { day: DAY, shard: WHOLE_DAY }, await readRunInputs(ports, unlimited), unlimited);
  const keys = await look();
  expect([keys.length, new Set(keys).size, kills]).toEqual([
    LOTS * IN_A_LOT,
    LOTS * IN_A_LOT,
    (LOTS * IN_A_LOT) / 10,
  ]);
  await rm(folder, { recursive: true, force: true });
});
