/** Programs of others that read the files of the catalogue. They are no dependencies; `.ci/run` installs them. */
import { createRequire } from 'node:module';

/** What is used of `@duckdb/node-api`. */
export interface DuckDb {
  rows(sql: string): Promise<unknown[][]>;
  close(): void;
}

interface Connection {
  run(sql: string): Promise<unknown>;
  runAndReadAll(sql: string): Promise<{ getRowsJS(): unknown[][] }>;
  closeSync(): void;
}

const require = createRequire(import.meta.url);
const has = (name: string) => {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
};

/** Where they are not installed, their tests are skipped; REQUIRE_DUCKDB=1 makes that a failure. */
const REQUIRED = process.env['REQUIRE_DUCKDB'] === '1';
export const HAS_DUCKDB = REQUIRED || has('@duckdb/node-api');
export const HAS_ARROW = REQUIRED || (has('parquet-wasm') && has('apache-arrow'));

export async function openDuckDb(): Promise<DuckDb> {
  const { DuckDBInstance } = require('@duckdb/node-api') as {
    readonly DuckDBInstance: {
      create(path: string): Promise<{ connect(): Promise<Connection>; closeSync(): void }>;
    };
  };
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  return {
    rows: async (sql) => (await connection.runAndReadAll(sql)).getRowsJS(),
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

/** The rows of a Parquet file, as the reader of Rust's Arrow gives them. */
export function readWithArrow(file: Uint8Array): Record<string, unknown>[] {
  const { readParquet } = require('parquet-wasm') as {
    readonly readParquet: (file: Uint8Array) => { intoIPCStream(): Uint8Array };
  };
  const { tableFromIPC } = require('apache-arrow') as {
    readonly tableFromIPC: (stream: Uint8Array) => { toArray(): { toJSON(): Record<string, unknown> }[] };
  };
  return tableFromIPC(readParquet(file).intoIPCStream())
    .toArray()
    .map((row) => row.toJSON());
}
