/** The table for other programs, from the columns. Pure. */
import { ArchiveError } from '../errors.ts';
import type { ColumnType } from '../ports.ts';
import { DAYS_PREFIX } from './places.ts';
import { COLUMNS } from './schema.ts';

export const ATHENA_TYPES: Readonly<Record<ColumnType, string>> = {
  string: 'string',
  strings: 'array<string>',
  timestamp: 'timestamp',
  int32: 'int',
  int64: 'bigint',
  boolean: 'boolean',
};

/**
 * For Athena, with a projection of partitions: no crawler and no `MSCK REPAIR`.
 *
 * @param location `s3://BUCKET[/PREFIX]` of the catalogue’s store.
 * @param firstDay of the projection, `YYYY-MM-DD`; the first day that has a file.
 * @throws `USAGE` for another location.
 */
export function athenaDdl(location: string, firstDay: string): string {
  if (!/^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/[A-Za-z0-9._=+@:/-]*)?$/.test(location)) {
    throw new ArchiveError('USAGE', `Athena reads buckets, and the catalogue is in ${location}`, {
      hint: '--location s3://BUCKET[/PREFIX] writes it for another place; `catalogue ddl duckdb` reads directories',
    });
  }
  const place = `${location.replace(/\/$/, '')}/${DAYS_PREFIX}`;
  const columns = COLUMNS.map(({ name, type }) => `  \`${name}\` ${ATHENA_TYPES[type]}`);
  return [
    'CREATE EXTERNAL TABLE recordings (',
    columns.join(',\n'),
    ')',
    'PARTITIONED BY (day string)',
    'STORED AS PARQUET',
    `LOCATION '${place}'`,
    'TBLPROPERTIES (',
    "  'projection.enabled'='true',",
    "  'projection.day.type'='date',",
    "  'projection.day.format'='yyyy-MM-dd',",
    `  'projection.day.range'='${firstDay},NOW+1DAYS',`,
    `  'storage.location.template'='${place}day=\${day}/'`,
    ')',
  ].join('\n');
}

/** For DuckDB. @param location `s3://…`, or `file:PATH`. */
export function duckdbDdl(location: string): string {
  const place = location.replace(/^file:/, '').replace(/\/$/, '');
  const files = `${place}/${DAYS_PREFIX}day=*/recordings*.parquet`.replaceAll("'", "''");
  return `CREATE OR REPLACE VIEW recordings AS\nSELECT * FROM read_parquet('${files}', hive_partitioning = true, hive_types = {'day': VARCHAR}, union_by_name = true)`;
}
