import fc from 'fast-check';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDayFile } from '../../../src/catalogue/day/day-file.ts';
import { duckdbDdl } from '../../../src/catalogue/ddl.ts';
import { findRecordings, findRows } from '../../../src/catalogue/search/find-recordings.ts';
import { dayAt, dayFileKey } from '../../../src/catalogue/places.ts';
import type { CataloguePorts } from '../../../src/catalogue/ports.ts';
import { type CatalogueRow, COLUMNS } from '../../../src/catalogue/schema.ts';
import type { SearchQuery } from '../../../src/catalogue/search/query.ts';
import { currentSearchKey, type SearchKey } from '../../../src/catalogue/search/keys.ts';
import { unlimited } from '../../../src/clock.ts';
import type { TableColumn } from '../../../src/ports.ts';
import { createDirectoryStore } from '../../../src/store/directory/directory-store.ts';
import { inventPorts } from '../../catalogue/invented-archive.ts';
import { runCli } from '../../cli/run-cli.ts';
import { type DuckDb, HAS_ARROW, HAS_DUCKDB, openDuckDb, readWithArrow } from '../foreign-readers.ts';
import { AGENTS, COMPANIES, CUSTOMERS, DAYS, QUEUES, rowOfDay, STATES, WRAP_UPS } from '../invented-rows.ts';

const QUERIES = 200;
const ROWS_A_DAY = 400;
const KEY = Buffer.alloc(32, 5);

let folder = '';
let ports: CataloguePorts;
let searchKey: SearchKey;
const rowsOf = new Map<string, CatalogueRow[]>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'catalogue-readers-'));
  const archive = createDirectoryStore(folder);
  ports = inventPorts({ archive, catalogue: archive, key: KEY });
  searchKey = (await currentSearchKey(ports, unlimited)) as SearchKey;
  for (const [at, day] of DAYS.entries()) {
    const rows = fc.sample(rowOfDay(day, searchKey), { numRuns: ROWS_A_DAY, seed: 18 + at });
    rows.sort((one, other) => one.recorded_at - other.recorded_at || (one.key < other.key ? -1 : 1));
    rowsOf.set(day, rows);
    const facts = { day, inputs: 'x', search_key_id: searchKey.id, store: archive.location };
    const body = writeDayFile(ports.tables, rows, facts);
    await archive.put(dayFileKey(day), body, { metadata: {}, contentType: 'x' }, unlimited);
  }
}, 120_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

const all = () => DAYS.flatMap((day) => rowsOf.get(day) ?? []);
const fileOf = (day: string) => path.join(folder, dayFileKey(day));

function queryOf(): fc.Arbitrary<SearchQuery> {
  const rows = all();
  const ids = (pick: (row: CatalogueRow) => string | null) =>
    fc.array(fc.oneof(fc.constantFrom(...rows.flatMap((row) => pick(row) ?? [])), fc.uuid()), {
      minLength: 1,
      maxLength: 4,
    });
  const some = (values: readonly string[]) =>
    fc.subarray([...values, 'not-there'], { minLength: 1, maxLength: 2 });
  const moment = fc.integer({ min: dayAt(DAYS[0] ?? ''), max: dayAt(DAYS.at(-1) ?? '') + 86_400_000 });
  const day = fc.constantFrom(...DAYS);
  const length = fc.integer({ min: 0, max: 7_200_000 });
  return fc
    .record(
      {
        ids: ids(({ recording_id: one, conversation_id: other }) => other ?? one),
        conversations: ids((row) => row.conversation_id),
        recordings: ids((row) => row.recording_id),
        agents: some(AGENTS),
        queues: some([...Object.keys(QUEUES), ...Object.values(QUEUES), 'CLAIMS']),
        wrapUps: some([...Object.keys(WRAP_UPS), ...Object.values(WRAP_UPS)]),
        divisions: some(['division-1', 'division-2']),
        customers: some(CUSTOMERS),
        company: fc.constantFrom(...COMPANIES),
        direction: fc.constantFrom('inbound', 'outbound'),
        media: some(['call', 'screen', 'chat']),
        states: some(STATES),
        onHold: fc.boolean(),
        from: day,
        to: day,
        fromTime: moment,
        toTime: moment,
        minDurationMs: length,
        maxDurationMs: length,
      },
      { requiredKeys: [] },
    )
    .chain((full) =>
      // of all conditions at once nothing is left: one to three of them
      fc
        .subarray(Object.keys(full) as (keyof SearchQuery)[], {
          minLength: Math.min(1, Object.keys(full).length),
          maxLength: 3,
        })
        .map((names) => Object.fromEntries(names.map((name) => [name, full[name]])) as SearchQuery),
    );
}

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const list = (values: readonly string[]) => `(${values.map(text).join(', ')})`;

/** The same question in DuckDB's words, put together without the product. */
function sqlOf(query: SearchQuery): string {
  const where: string[] = [];
  const oneOf = (column: string, values: readonly string[]) => `${column} IN ${list(values)}`;
  const hasOne = (column: string, values: readonly string[]) =>
    `coalesce(list_has_any(${column}, [${values.map(text).join(', ')}]), false)`;
  const named = (ids: string, names: string, values: readonly string[]) =>
    `(${hasOne(ids, values)} OR coalesce(list_has_any(list_transform(${names}, lambda x: lower(x)), [${values.map((value) => text(value.toLowerCase())).join(', ')}]), false))`;
  if (query.ids !== undefined)
    where.push(`(${oneOf('recording_id', query.ids)} OR ${oneOf('conversation_id', query.ids)})`);
  if (query.conversations !== undefined) where.push(oneOf('conversation_id', query.conversations));
  if (query.recordings !== undefined) where.push(oneOf('recording_id', query.recordings));
  if (query.agents !== undefined) where.push(hasOne('agent_ids', query.agents));
  if (query.queues !== undefined) where.push(named('queue_ids', 'queue_names', query.queues));
  if (query.wrapUps !== undefined) where.push(named('wrap_up_codes', 'wrap_up_names', query.wrapUps));
  if (query.divisions !== undefined) where.push(hasOne('division_ids', query.divisions));
  if (query.customers !== undefined)
    where.push(
      `customer_hash IN (${query.customers.map((one) => searchKey.hash('customer', one)).join(', ')})`,
    );
  if (query.company !== undefined) where.push(`company_address = ${text(query.company)}`);
  if (query.direction !== undefined) where.push(`direction = ${text(query.direction)}`);
  if (query.media !== undefined) where.push(oneOf('media', query.media));
  if (query.states !== undefined) where.push(oneOf('state', query.states));
  if (query.onHold !== undefined) where.push(`legal_hold = ${query.onHold}`);
  if (query.from !== undefined) where.push(`day >= ${text(query.from)}`);
  if (query.to !== undefined) where.push(`day <= ${text(query.to)}`);
  if (query.fromTime !== undefined) where.push(`epoch_ms(recorded_at) >= ${query.fromTime}`);
  if (query.toTime !== undefined) where.push(`epoch_ms(recorded_at) <= ${query.toTime}`);
  if (query.minDurationMs !== undefined) where.push(`duration_ms >= ${query.minDurationMs}`);
  if (query.maxDurationMs !== undefined) where.push(`duration_ms <= ${query.maxDurationMs}`);
  return `SELECT key FROM recordings${where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`} ORDER BY key`;
}

describe.skipIf(!HAS_DUCKDB)('DuckDB [needs: @duckdb/node-api]', () => {
  let duckdb: DuckDb;
  beforeAll(async () => {
    duckdb = await openDuckDb();
    await duckdb.rows(duckdbDdl(`file:${folder}`));
  });
  afterAll(() => duckdb.close());

  it(`gives the answers of find to ${QUERIES} random questions`, async () => {
    let hits = 0;
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(queryOf(), async (query) => {
        const found: string[] = [];
        const search = await findRecordings(ports, query, {}, unlimited);
        for await (const { key } of findRows(search, { wanted: ['key'] })) found.push(key);
        const wanted = (await duckdb.rows(sqlOf(query))).map(([key]) => key);
        hits += found.length;
        if (found.length > 0) answered += 1;
        expect(found.sort()).toEqual(wanted);
      }),
      { numRuns: QUERIES },
    );
    process.stdout.write(`${QUERIES} questions, ${answered} with hits, ${hits} hits: the same in DuckDB\n`);
    expect(answered).toBeGreaterThan(QUERIES / 4);
  });

  it('reads the types that the table states', async () => {
    const types = new Map(
      (await duckdb.rows('DESCRIBE recordings')).map(([name, type]) => [name as string, type as string]),
    );
    const expected = {
      string: 'VARCHAR',
      strings: 'VARCHAR[]',
      timestamp: 'TIMESTAMP WITH TIME ZONE',
      int32: 'INTEGER',
      int64: 'BIGINT',
      boolean: 'BOOLEAN',
    };
    for (const { name, type } of COLUMNS as readonly TableColumn[])
      expect([name, types.get(name)]).toEqual([name, expected[type]]);
    expect(types.get('day')).toBe('VARCHAR');
  });

  it('runs the recipes of docs/catalogue.md as they stand, through `catalogue sql`', async () => {
    const page = await readFile('docs/catalogue.md', 'utf8');
    const [, block = ''] = /```sql\n([\s\S]*?)```/.exec(page) ?? [];
    const recipes = block.split(/;\n/).filter((recipe) => recipe.trim() !== '');
    expect(recipes.length).toBeGreaterThanOrEqual(3);
    const env = { ARCHIVE_STORE: `file:${folder}` };
    const answers: unknown[][] = [];
    for (const recipe of recipes) {
      const result = await runCli(['catalogue', 'sql', '-', '--json'], { env, input: recipe });
      expect([result.code, result.stderr]).toEqual([0, '']);
      answers.push(result.records().map((one) => Object.values(one['row'] as object)));
    }
    const [perDay, missing, byAgent = []] = answers as unknown[][][];
    const claims = DAYS.map((day) => [
      day,
      String((rowsOf.get(day) ?? []).filter((row) => row.queue_names?.includes('Claims')).length),
    ]);
    expect(perDay).toEqual(claims);
    const keys = all().filter(({ state }) => state === 'missing');
    expect((missing ?? []).flat().map(String).sort()).toEqual(keys.map(({ key }) => key).sort());
    const seconds = (agent: string) =>
      all().reduce((sum, row) => sum + (row.agent_ids?.includes(agent) ? (row.duration_ms ?? 0) : 0), 0) /
      1000;
    const wanted = AGENTS.map((agent) => [agent, seconds(agent)] as const).sort(
      ([, one], [, other]) => other - one,
    );
    expect(byAgent.map(([agent]) => agent)).toEqual(wanted.map(([agent]) => agent));
    for (const [at, [, total]] of wanted.entries()) expect(Number(byAgent[at]?.[1])).toBeCloseTo(total, 2);
  });

  it('lets no query of `catalogue sql` write or fetch anything', async () => {
    const env = { ARCHIVE_STORE: `file:${folder}` };
    const outside = path.join(tmpdir(), `catalogue-sql-${process.pid}.csv`);
    for (const sql of [
      `COPY (SELECT 1) TO '${outside}'`,
      "SELECT * FROM read_text('/etc/passwd')",
      "SELECT * FROM read_parquet('http://127.0.0.1:9/x.parquet')",
      'INSTALL httpfs',
      'SET enable_external_access = true',
    ]) {
      const result = await runCli(['catalogue', 'sql', sql], { env });
      expect([sql, result.code]).toEqual([sql, 2]);
    }
    await expect(stat(outside)).rejects.toThrow('ENOENT');
  });
});

describe.skipIf(!HAS_ARROW)('Arrow [needs: parquet-wasm and apache-arrow]', () => {
  it('reads every column and every row as it was written', async () => {
    for (const day of DAYS) {
      const read = readWithArrow(await readFile(fileOf(day)));
      const wanted = rowsOf.get(day) ?? [];
      expect(read.map(plain)).toEqual(wanted.map((row) => plain({ ...row })));
    }
    process.stdout.write(`${all().length} rows of ${COLUMNS.length} columns: the same in Arrow\n`);
  });
});

/** Cells in the types of one reader: lists of Arrow are vectors, and its times are numbers. */
function plain(row: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    COLUMNS.map(({ name }) => {
      const cell = row[name] ?? null;
      if (cell === null || typeof cell !== 'object') return [name, cell];
      if (cell instanceof Date) return [name, cell.getTime()];
      return [name, [...(cell as Iterable<unknown>)]];
    }),
  );
}
