import { build } from 'esbuild';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { compactDay } from '../../../src/catalogue/day/compact-day.ts';
import { openDayFile, readRows } from '../../../src/catalogue/day/day-file.ts';
import { dayFileKey, WHOLE_DAY } from '../../../src/catalogue/places.ts';
import type { CatalogueRow } from '../../../src/catalogue/schema.ts';
import { readRunInputs } from '../../../src/catalogue/update-catalogue.ts';
import { unlimited } from '../../../src/clock.ts';
import { ArchiveError } from '../../../src/errors.ts';
import { gatherBytes } from '../../../src/gather-bytes.ts';
import type { ObjectStore } from '../../../src/ports.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { addRecording, DAY, inventPorts } from '../../catalogue/invented-archive.ts';
import { versionedStore } from '../../catalogue/versioned-store.ts';

const COMPACTORS = 3;
/** Of so many recordings one gets its receipt when the next one of its kind comes. */
const LATE_EVERY = 10;
/** Recordings that arrive together. */
const AT_ONCE = 10;
/** ms; a compactor is killed within this time from when it began. */
const MAX_LIFE_MS = 150;
const BETWEEN_READS_MS = 100;
const KEY = Buffer.alloc(32, 3);

export interface RaceReport {
  readonly receipts: number;
  readonly kills: number;
  /** Of the file at the end. */
  readonly rows: number;
  readonly distinct: number;
  readonly archived: number;
  /** How often the day was read in the meantime. */
  readonly reads: number;
  /** What a reader saw that must never be: rows twice, fewer rows than before, a file that cannot be read. */
  readonly wrong: readonly string[];
  /** Whether a rebuild from receipts is the same to the byte. */
  readonly isRebuildEqual: boolean;
}

/**
 * Three compactors keep one day in processes of their own, and are killed in the middle of it again and again, while recordings arrive,
 * some of their receipts late, and a reader reads.
 *
 * @param env of the compactors.
 */
export async function raceCompactors(
  location: string,
  env: Readonly<Record<string, string>>,
  { receipts, kills }: { readonly receipts: number; readonly kills: number },
): Promise<RaceReport> {
  const folder = await mkdtemp(path.join(tmpdir(), 'catalogue-race-'));
  const archive = await openStore(location, { s3: { forcePathStyle: true } });
  const wrong: string[] = [];
  const compactors: Compactor[] = [];
  const program = await buildWriter(folder);
  for (let at = 0; at < COMPACTORS; at += 1)
    compactors.push(new Compactor(program, [archive.location, DAY], env, wrong));
  const reader = readOn(archive, wrong);
  let killed = 0;
  try {
    for (const compactor of compactors) compactor.start();
    const late: Parameters<typeof addRecording>[1][] = [];
    const arrive = async (count: number) => {
      if (count % LATE_EVERY !== 0) return void (await addRecording(archive));
      const at = Date.parse(`${DAY}T08:00:00Z`) + count;
      const { recordingId, conversationId } = await addRecording(archive, { at, without: 'receipt' });
      late.push({ recordingId, conversationId, at, without: 'object' });
      if (late.length > 1) await addRecording(archive, late.shift());
    };
    for (let count = 0; count < receipts; count += AT_ONCE) {
      await Promise.all(Array.from({ length: AT_ONCE }, (_, at) => arrive(count + at)));
      if (killed < Math.floor((count * kills) / receipts)) {
        await killOneInTheMiddle(compactors);
        killed += 1;
      }
    }
    for (const one of late) await addRecording(archive, one);
    for (; killed < kills; killed += 1) await killOneInTheMiddle(compactors);
  } finally {
    for (const compactor of compactors) await compactor.stop();
    await rm(folder, { recursive: true, force: true });
  }
  const reads = await reader.stop();
  const ports = inventPorts({ archive, catalogue: archive, key: KEY });
  const run = await readRunInputs(ports, unlimited);
  await compactDay(ports, { day: DAY, shard: WHOLE_DAY }, run, unlimited);
  const rows = (await readDay(archive)) ?? [];
  const rebuilt = versionedStore();
  const anew = { ...ports, catalogue: rebuilt, facts: archive };
  await compactDay(anew, { day: DAY, shard: WHOLE_DAY }, { ...run, anew: true }, unlimited);
  const [one, other] = await Promise.all([bytesOf(archive), bytesOf(rebuilt)]);
  return {
    receipts,
    kills: killed,
    rows: rows.length,
    distinct: new Set(rows.map(({ key }) => key)).size,
    archived: rows.filter(({ state }) => state === 'archived').length,
    reads,
    wrong,
    isRebuildEqual: Buffer.compare(one, other) === 0,
  };
}

async function buildWriter(folder: string): Promise<string> {
  const program = path.join(folder, 'writer.mjs');
  await build({
    entryPoints: ['test/slow/catalogue/writer.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    define: { PACKAGE_VERSION: JSON.stringify(PACKAGE_VERSION) },
    banner: {
      js: "import { createRequire as __r } from 'node:module';const require = __r(import.meta.url);",
    },
    logLevel: 'error',
  });
  return program;
}

/** A compactor that can be killed, and begins again. */
class Compactor {
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #env: Readonly<Record<string, string>>;
  readonly #wrong: string[];
  #child: ChildProcess | undefined;
  #begun: (() => void) | undefined;

  constructor(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
    wrong: string[],
  ) {
    this.#program = program;
    this.#args = args;
    this.#env = env;
    this.#wrong = wrong;
  }

  start(): void {
    const child = spawn(process.execPath, [this.#program, ...this.#args], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, ...this.#env },
    });
    this.#child = child;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line === 'begin') this.#begun?.();
      // what was replaced while it was read, or by others each time, is read again
      else if (line !== 'STORE_UNAVAILABLE') this.#wrong.push(`a compactor met ${line}`);
    });
  }

  /** When it begins the next time. */
  begins(): Promise<Compactor> {
    return new Promise((resolve) => {
      this.#begun = () => resolve(this);
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
}

/** Of those that keep the day, kills the first that begins, some time later; another takes its place. */
async function killOneInTheMiddle(compactors: readonly Compactor[]): Promise<void> {
  const victim = await Promise.race(compactors.map((compactor) => compactor.begins()));
  await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_LIFE_MS));
  await victim.stop();
  victim.start();
}

/** Reads the day again and again. */
function readOn(archive: ObjectStore, wrong: string[]): { stop(): Promise<number> } {
  const over = new AbortController();
  const work = (async () => {
    let reads = 0;
    let before = 0;
    while (!over.signal.aborted) {
      try {
        const rows = await readDay(archive);
        if (rows === undefined) continue;
        reads += 1;
        if (new Set(rows.map(({ key }) => key)).size !== rows.length) wrong.push('a row twice');
        if (rows.length < before) wrong.push(`${rows.length} rows after ${before}`);
        before = rows.length;
      } catch (error) {
        // replaced while it was read: the next look is at the new one
        if (!(error instanceof ArchiveError) || error.code !== 'STORE_UNAVAILABLE')
          wrong.push(`a reader met ${String(error)}`);
      }
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_READS_MS));
    }
    return reads;
  })();
  return {
    stop: () => {
      over.abort();
      return work;
    },
  };
}

async function readDay(catalogue: ObjectStore): Promise<CatalogueRow[] | undefined> {
  const { tables } = inventPorts({ archive: catalogue });
  const where = { catalogue, tables, location: catalogue.location };
  const file = await openDayFile(where, dayFileKey(DAY), undefined, unlimited);
  try {
    return file === undefined ? undefined : await readRows(file.table, { from: 0, to: file.table.rows });
  } finally {
    await file?.close();
  }
}

async function bytesOf(store: ObjectStore): Promise<Buffer> {
  const { stat, body } = await store.get(dayFileKey(DAY), unlimited);
  return gatherBytes(body, stat.size, () => new Error('torn'));
}
