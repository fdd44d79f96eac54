/** What a search costs, and beside it in the same rounds DuckDB on the same files. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { inventedAgent, inventedCustomer } from '../catalogue/invented-rows.ts';
import type { Bench } from '../processes.ts';
import { TABLE_COLUMNS } from '../../src/cli/find/table.ts';
import { type Spread, spreadOf } from '../report/statistics.ts';
import type { AskedOnce, FoundOnce } from '../variants/find-once.ts';

export interface FindCost {
  readonly search: string;
  readonly rows: number;
  readonly found: number;
  /** ms that the issue of this product allows on two idle processors; `undefined`: no goal. */
  readonly goalMs: number | undefined;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly peakRssMb: number;
  /** CPU time of ours over that of DuckDB in the same round; absent without DuckDB, or where it cannot do the same. */
  readonly timesCpuOfDuckDb?: Spread | undefined;
}

export const PROMISED_FIND_MB = 300;

const run = promisify(execFile);
const DAYS = 365;

interface Made {
  readonly rows: number;
  readonly hit: { readonly day: string; readonly conversation: string; readonly recording: string };
}

interface Search {
  readonly name: string;
  readonly goalMs?: number;
  readonly asked: Partial<Omit<AskedOnce, 'directory'>>;
  readonly sql?: string;
}

const LATE = 'each answer of the store 30 ms late';

/** Of a catalogue as the product leaves it each night, with the index of each month that is over, but where another is named. */
function searchesFor({ conversation, recording }: Made['hit']): readonly Search[] {
  const agents = [inventedAgent(77)];
  const week = { from: '2026-05-15', to: '2026-05-21' };
  const conversations = { conversations: [conversation] };
  const customers = { customers: [inventedCustomer(4_711)] };
  const shown = TABLE_COLUMNS.map((name) => `"${name}"`).join(', ');
  const hasAgent = `list_contains(agent_ids, '${agents[0]}')`;
  return [
    {
      name: 'a conversation, all time',
      goalMs: 250,
      asked: { query: conversations },
      sql: `SELECT * FROM recordings WHERE conversation_id = '${conversation}'`,
    },
    { name: `the same, ${LATE}`, goalMs: 800, asked: { query: conversations, lateMs: 30 } },
    { name: 'the same conversation, without an index', asked: { query: conversations, index: false } },
    { name: `that, ${LATE}`, goalMs: 800, asked: { query: conversations, index: false, lateMs: 30 } },
    {
      name: 'a recording, all time',
      asked: { query: { recordings: [recording] } },
      sql: `SELECT * FROM recordings WHERE recording_id = '${recording}'`,
    },
    { name: 'a customer, all time', goalMs: 300, asked: { query: customers } },
    { name: 'the same, without an index', asked: { query: customers, index: false } },
    {
      name: 'an agent, seven days, the columns of the table',
      goalMs: 100,
      asked: { query: { agents, ...week }, as: 'table' },
      sql: `SELECT ${shown} FROM recordings WHERE ${hasAgent} AND day BETWEEN '${week.from}' AND '${week.to}'`,
    },
    {
      name: 'an agent, all time, the columns of the table',
      goalMs: 2_000,
      asked: { query: { agents }, as: 'table' },
      sql: `SELECT ${shown} FROM recordings WHERE ${hasAgent}`,
    },
    {
      name: 'an agent, all time, all columns',
      asked: { query: { agents } },
      sql: `SELECT * FROM recordings WHERE ${hasAgent}`,
    },
    {
      name: 'recordings and bytes of each day',
      goalMs: 600,
      asked: { query: {}, as: 'days' },
      sql: 'SELECT day, count(*), sum(bytes) FROM recordings GROUP BY day',
    },
  ];
}

/** What is promised of ten million rows. */
const GOAL_BY_INDEX_MS = 500;

/** Look-ups by the index of months alone. A customer is in as many days as there are calls, and each is read: no goal. */
function lookUpsFor({ conversation, recording }: Made['hit']): readonly Search[] {
  const late = `the same, ${LATE}`;
  const [recordings, conversations] = [[recording], [conversation]];
  const customers = [inventedCustomer(4_711)];
  const goalMs = GOAL_BY_INDEX_MS;
  return [
    { name: 'a recording, by the month index', goalMs, asked: { query: { recordings } } },
    { name: late, asked: { query: { recordings }, lateMs: 30 } },
    { name: 'a conversation, by the month index', goalMs, asked: { query: { conversations } } },
    { name: late, asked: { query: { conversations }, lateMs: 30 } },
    { name: 'a customer, by the month index', asked: { query: { customers } } },
  ];
}

export interface FindRun {
  readonly quick: boolean;
  readonly rounds: number;
  /** Look-ups by the index alone, of so many rows: without DuckDB, which reads all of them. */
  readonly rows?: number | undefined;
}

/** @param onSkip told why DuckDB is left out. */
export async function measureFind(
  bench: Bench,
  { quick, rounds, rows }: FindRun,
  onSkip: (why: string) => void,
): Promise<FindCost[]> {
  const duckdb = rows === undefined ? findDuckDb() : undefined;
  if (duckdb === undefined && rows === undefined)
    onSkip('DuckDB: @duckdb/node-api is not installed (npm install --no-save @duckdb/node-api)');
  const directory = await mkdtemp(join(bench.dir, 'find-'));
  const program = (name: string) => join(bench.dir, 'variants', `${name}.mjs`);
  const ask = async (name: string, args: readonly string[]) =>
    JSON.parse((await run(process.execPath, [program(name), ...args])).stdout) as FoundOnce;
  try {
    const rowsInDay = rows === undefined ? (quick ? '274' : '2740') : String(Math.ceil(rows / DAYS));
    const args = [program('make-catalogue'), directory, String(DAYS), rowsInDay];
    const made = JSON.parse((await run(process.execPath, args)).stdout) as Made;
    const costs: FindCost[] = [];
    const searches: readonly Search[] = rows === undefined ? searchesFor(made.hit) : lookUpsFor(made.hit);
    for (const { name, goalMs, asked, sql } of searches) {
      const ours: FoundOnce[] = [];
      const times: number[] = [];
      for (let round = 0; round < rounds; round += 1) {
        const whole: AskedOnce = { directory, lateMs: 0, index: true, query: {}, as: 'rows', ...asked };
        const own = await ask('find-once', [JSON.stringify(whole)]);
        ours.push(own);
        if (duckdb === undefined || sql === undefined) continue;
        const theirs = await ask('find-duckdb', [duckdb, JSON.stringify({ directory, sql })]);
        if (theirs.found !== own.found)
          throw new Error(`${name}: ${own.found} found, and ${theirs.found} by DuckDB`);
        times.push(own.cpuMs / theirs.cpuMs);
      }
      costs.push({
        search: name,
        rows: made.rows,
        found: ours[0]?.found ?? 0,
        goalMs: quick ? undefined : goalMs,
        wallMs: spreadOf(ours.map(({ wallMs }) => wallMs)),
        cpuMs: spreadOf(ours.map(({ cpuMs }) => cpuMs)),
        peakRssMb: Math.max(...ours.map(({ peakRssMb }) => peakRssMb)),
        timesCpuOfDuckDb: times.length === 0 ? undefined : spreadOf(times),
      });
    }
    return costs;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Where it is installed beside this program. */
function findDuckDb(): string | undefined {
  try {
    const { resolve } = createRequire(join(process.cwd(), 'package.json'));
    return pathToFileURL(resolve('@duckdb/node-api')).href;
  } catch {
    return undefined;
  }
}
