/** How long the console takes at its API: a table of many recordings, and a long recording in a store that answers late. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Bench } from '../processes.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { SoundOnce, TableOnce } from '../variants/console-once.ts';

export interface ConsoleCost {
  readonly what: string;
  /** ms, or reads of the object. */
  readonly unit: 'ms' | 'reads';
  readonly goal: number;
  readonly measured: Spread;
  readonly cpuMs?: Spread;
}

const run = promisify(execFile);
const DAYS = 365;

export async function measureConsole(
  bench: Bench,
  { quick, rounds }: { readonly quick: boolean; readonly rounds: number },
): Promise<ConsoleCost[]> {
  const directory = await mkdtemp(join(bench.dir, 'console-'));
  const program = (name: string) => join(bench.dir, 'variants', `${name}.mjs`);
  const once = async (phase: 'table' | 'sound', where: string) =>
    JSON.parse((await run(process.execPath, [program('console-once'), phase, where])).stdout) as unknown;
  try {
    const rowsInDay = quick ? 274 : 2_740;
    await run(process.execPath, [program('make-catalogue'), directory, String(DAYS), String(rowsInDay)]);
    const tables: TableOnce[] = [];
    const sounds: SoundOnce[] = [];
    for (let round = 0; round < rounds; round += 1) {
      tables.push((await once('table', directory)) as TableOnce);
      const fresh = await mkdtemp(join(bench.dir, 'sound-'));
      try {
        sounds.push((await once('sound', fresh)) as SoundOnce);
      } finally {
        await rm(fresh, { recursive: true, force: true });
      }
    }
    return costsOf(DAYS * rowsInDay, tables, sounds);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function costsOf(
  recordings: number,
  tables: readonly TableOnce[],
  sounds: readonly SoundOnce[],
): ConsoleCost[] {
  const poor = tables.find(({ rows }) => rows !== 100);
  if (poor !== undefined) throw new Error(`a page of ${poor.rows} rows in place of 100`);
  const all = `${recordings.toLocaleString('en')} recordings`;
  return [
    {
      what: `the first 100 of ${all}, a process just begun`,
      goal: 1_000,
      ...timesOf(
        tables,
        ({ tableMs }) => tableMs,
        ({ tableCpuMs }) => tableCpuMs,
      ),
    },
    {
      what: 'the same with a filter',
      goal: 300,
      ...timesOf(
        tables,
        ({ filterMs }) => filterMs,
        ({ filterCpuMs }) => filterCpuMs,
      ),
    },
    {
      what: 'first sound of 60 minutes, store 40 ms late',
      goal: 500,
      ...timesOf(
        sounds,
        ({ firstSoundMs }) => firstSoundMs,
        ({ firstSoundCpuMs }) => firstSoundCpuMs,
      ),
    },
    {
      what: 'a seek in it, the slowest of five',
      goal: 200,
      ...timesOf(
        sounds,
        ({ seekMs }) => seekMs,
        ({ seekCpuMs }) => seekCpuMs,
      ),
    },
    {
      what: 'reads of the object for a seek',
      goal: 1,
      unit: 'reads',
      measured: spreadOf(sounds.map(({ seekReads }) => seekReads)),
    },
  ];
}

function timesOf<T>(given: readonly T[], wall: (one: T) => number, cpu: (one: T) => number) {
  return {
    unit: 'ms' as const,
    measured: spreadOf(given.map(wall)),
    cpuMs: spreadOf(given.map(cpu)),
  };
}
