/** A process that asks DuckDB the same: `find-duckdb.mjs MODULE '{ directory, sql }'`. Says what it cost, after the start of the program. */
import { duckdbDdl } from '../../src/catalogue/ddl.ts';
import type { FoundOnce } from './find-once.ts';

interface Module {
  readonly DuckDBInstance: {
    create(path: string): Promise<{
      connect(): Promise<{
        run(sql: string): Promise<unknown>;
        runAndReadAll(sql: string): Promise<{ getRowsJson(): unknown[][] }>;
      }>;
    }>;
  };
}

const [module = '', json = '{}'] = process.argv.slice(2);
const { directory, sql } = JSON.parse(json) as { directory: string; sql: string };
const { DuckDBInstance } = (await import(module)) as Module;
const began = performance.now();
const before = process.cpuUsage();
const connection = await (await DuckDBInstance.create(':memory:')).connect();
await connection.run(duckdbDdl(`file:${directory}`));
const rows = (await connection.runAndReadAll(sql)).getRowsJson();
const { user, system } = process.cpuUsage(before);
const cost: FoundOnce = {
  found: sql.includes('GROUP BY') ? rows.reduce((sum, row) => sum + Number(row[1]), 0) : rows.length,
  wallMs: performance.now() - began,
  cpuMs: (user + system) / 1000,
  peakRssMb: process.resourceUsage().maxRSS / 1024,
};
process.stdout.write(JSON.stringify(cost));
