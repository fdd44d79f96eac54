import type { Tables } from '../ports.ts';
import { openTable } from './read-table.ts';
import { buildTable } from './write-table.ts';

/** Tables as Parquet files, which DuckDB, Athena and others read as they are. */
export const parquetTables: Tables = { build: buildTable, open: openTable };
