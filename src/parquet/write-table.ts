import { gzipSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { TableBuilder, TableColumn } from '../ports.ts';

/** Bytes before compression; docs/decisions/015 has the measurements. */
const PAGE_BYTES = 64 * 1024;
const GZIP_LEVEL = 6;
/** Share of absent values that a filter lets through. */
const FALSE_POSITIVES = 0.01;

const compressors = { GZIP: (bytes: Uint8Array) => gzipSync(bytes, { level: GZIP_LEVEL }) };

type SchemaElement = ConstructorParameters<typeof ParquetWriter>[0]['schema'][number];

/** Makes a Parquet file; each `add` becomes a row group. */
export function buildTable(
  columns: readonly TableColumn[],
  facts: Readonly<Record<string, string>>,
): TableBuilder {
  const writer = new ByteWriter(1024 * 1024);
  const schema = [{ name: 'root', num_children: columns.length }, ...columns.flatMap(describeColumn)];
  const parquet = new ParquetWriter({
    writer,
    schema,
    codec: 'GZIP',
    compressors,
    kvMetadata: Object.entries(facts).map(([key, value]) => ({ key, value })),
    createdBy: 'genesys-media-archive',
  });
  return {
    add: (rows) => {
      if (rows.length === 0) return;
      const columnData = columns.map((column) => ({
        name: column.name,
        data: rows.map((row) => row[column.name] ?? null),
        ...(isNumber(column) ? { encoding: 'DELTA_BINARY_PACKED' as const } : {}),
        ...(column.pageIndex === true ? { columnIndex: true } : {}),
        ...(column.bloom === true ? { bloomFilter: { fpp: FALSE_POSITIVES } } : {}),
      }));
      void parquet.write({ columnData, rowGroupSize: rows.length, pageSize: PAGE_BYTES });
    },
    finish: () => {
      void parquet.finish();
      return writer.getBytes();
    },
  };
}

/** What is read back as null was written as null: only lists have members. */
export function describeColumn({ name, type, required }: TableColumn): SchemaElement[] {
  const repetition_type = required === true ? 'REQUIRED' : 'OPTIONAL';
  switch (type) {
    case 'string':
      return [{ name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type }];
    case 'strings':
      return [
        { name, repetition_type, num_children: 1, converted_type: 'LIST' },
        { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
        { name: 'element', type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' },
      ];
    case 'timestamp':
      return [
        {
          name,
          type: 'INT64',
          converted_type: 'TIMESTAMP_MILLIS',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
          repetition_type,
        },
      ];
    case 'int32':
      return [{ name, type: 'INT32', repetition_type }];
    case 'int64':
      return [{ name, type: 'INT64', repetition_type }];
    case 'boolean':
      return [{ name, type: 'BOOLEAN', repetition_type }];
  }
}

/** Hashes are as good as random: differences between them would only be larger. */
const isNumber = ({ type, bloom }: TableColumn) =>
  (type === 'timestamp' || type === 'int32' || type === 'int64') && bloom !== true;
