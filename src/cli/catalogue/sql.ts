import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { duckdbDdl } from '../../catalogue/ddl.ts';
import { listDayFiles } from '../../catalogue/day/list-days.ts';
import { openPinned } from '../../catalogue/pinned.ts';
import type { CataloguePorts } from '../../catalogue/ports.ts';
import type { Budget } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import type { CommandContext } from '../_context.ts';
import { printable } from '../_format.ts';
import { readQuery, showRow } from './query-text.ts';

/** What is used of `@duckdb/node-api`, which is not a dependency: 72 MB of native code. */
interface DuckDb {
  readonly DuckDBInstance: {
    create(
      path: string,
      options?: Record<string, string>,
    ): Promise<{ connect(): Promise<Connection>; closeSync(): void }>;
  };
}
interface Connection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ columnNames(): string[]; getRowsJson(): unknown[][] }>;
  closeSync(): void;
}

async function loadDuckDb(): Promise<DuckDb> {
  const name = '@duckdb/node-api';
  try {
    return (await import(name)) as DuckDb;
  } catch {
    throw new ArchiveError(
      'CATALOGUE_ENGINE_MISSING',
      'catalogue sql needs DuckDB, and @duckdb/node-api is not installed',
    );
  }
}

/**
 * Asks DuckDB. It sees the view `recordings`, and can write nothing and fetch nothing.
 *
 * @throws `CATALOGUE_ENGINE_MISSING`; `USAGE` with what DuckDB says of the query.
 */
export async function runSql(
  context: CommandContext,
  ports: CataloguePorts,
  asked: string,
  budget: Budget,
): Promise<number> {
  const { ui } = context;
  const sql = await readQuery(context, asked);
  const { DuckDBInstance } = await loadDuckDb();
  const local = await localCopy(ports, budget);
  try {
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    try {
      await connection.run(`SET TimeZone = 'UTC'; ${duckdbDdl(local.location)};`);
      const folder = local.location.replace(/^file:/, '').replaceAll("'", "''");
      await connection.run(
        `SET allowed_directories = ['${folder}']; SET enable_external_access = false; SET lock_configuration = true;`,
      );
      const result = await connection.runAndReadAll(sql).catch((error: unknown) => {
        const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : '';
        throw new ArchiveError('USAGE', `DuckDB refused the query: ${printable(said.slice(0, 300))}`, {
          hint: 'the table is called recordings; `catalogue ddl duckdb` shows it, docs/catalogue.md its columns',
        });
      });
      const names = result.columnNames();
      for (const row of result.getRowsJson()) {
        await showRow(ui, names, row);
      }
      if (!ui.json) ui.say(names.join(' | '));
      return 0;
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  } finally {
    await local.remove();
  }
}

/** DuckDB reads directories as it is, and buckets only with a download of its own: their files are fetched for it. */
async function localCopy(
  ports: CataloguePorts,
  budget: Budget,
): Promise<{ location: string; remove(): Promise<void> }> {
  const { catalogue } = ports;
  const files = await listDayFiles(ports, budget);
  if (files.length === 0)
    throw new ArchiveError('CATALOGUE_STALE', `there is no catalogue in ${catalogue.location} yet`);
  if (catalogue.location.startsWith('file:'))
    return { location: catalogue.location, remove: () => Promise.resolve() };
  const folder = await mkdtemp(path.join(tmpdir(), 'genesys-archive-sql-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    for (const { key, size, etag } of files) {
      const file = await openPinned(catalogue, key, { size, etag }, budget);
      if (file === undefined) continue;
      const place = path.join(folder, key);
      await mkdir(path.dirname(place), { recursive: true });
      await writeFile(place, await file.read(0, file.size), { mode: 0o600 });
      await file.close();
    }
    return { location: `file:${folder}`, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}
