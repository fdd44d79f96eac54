import { constants, gzipSync } from 'node:zlib';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Cell, TableBuilder, TableColumn, TableRow } from '../ports.ts';
import { bloomOf } from './bloom-filter.ts';

/** Bytes before compression; docs/decisions/015 has the measurements. */
const PAGE_BYTES = 8 * 1024;
/** Ids are as good as random: looking for what repeats in them costs time, and makes them larger. */
const GZIP_OPTIONS = { level: 6, strategy: constants.Z_FILTERED };
/** Text of which a group of rows has so few different values is kept as numbers of a bit or four, which do not shrink further. */
const MAX_FEW_VALUES = 16;
/** Share of absent values that a filter lets through. */
const FALSE_POSITIVES = 0.01;

const compressors = { GZIP: (bytes: Uint8Array) => gzipSync(bytes, GZIP_OPTIONS) };

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
      const cells = turned(columns, rows);
      const columnData = columns.map((column, at) => {
        const data = cells[at] ?? [];
        return {
          name: column.name,
          data,
          ...howToKeep(column, data),
          ...(column.pageIndex === true ? { columnIndex: true } : {}),
        };
      });
      const written = parquet.pendingIndexes.length;
      void parquet.write({ columnData, rowGroupSize: rows.length, pageSize: PAGE_BYTES });
      for (const [at, column] of columns.entries()) {
        // columns with a filter are no lists: each has one place
        const index = column.bloom === true ? parquet.pendingIndexes[written + at] : undefined;
        const filter = index === undefined ? undefined : bloomOf(cells[at] ?? [], FALSE_POSITIVES);
        if (index !== undefined && filter !== undefined) index.bloomFilter = filter;
      }
    },
    finish: () => {
      void parquet.finish();
      return writer.getBytes();
    },
  };
}

/** Rows as columns; a row at a time, because all rows together do not fit into the caches of a processor. */
function turned(columns: readonly TableColumn[], rows: readonly TableRow[]): readonly Cell[][] {
  const cells = columns.map(() => Array.from<Cell>({ length: rows.length }));
  for (let at = 0; at < rows.length; at += 1) {
    const row = rows[at] ?? {};
    for (let index = 0; index < columns.length; index += 1) {
      const column = cells[index] as Cell[];
      column[at] = row[(columns[index] as TableColumn).name] ?? null;
    }
  }
  return cells;
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

/**
 * Least and greatest values of text exclude next to nothing, and each search would read them. Numbers hardly shrink, and what is not
 * compressed need not be opened.
 */
function howToKeep({ type, bloom }: TableColumn, data: readonly Cell[]) {
  const plain = { codec: 'UNCOMPRESSED' as const };
  switch (type) {
    case 'boolean':
      return plain;
    case 'timestamp':
    case 'int32':
    case 'int64':
      // differences between hashes would only be larger
      return bloom === true
        ? { ...plain, statistics: false }
        : { ...plain, encoding: 'DELTA_BINARY_PACKED' as const };
    case 'string':
      // ids: no two are alike; as bytes they are encoded once, for the page and for the filter
      if (bloom === true)
        return { statistics: false, encoding: 'PLAIN' as const, data: data.map((cell) => bytesOf(cell)) };
      return { statistics: false, ...(hasFewValues(data) ? plain : {}) };
    case 'strings': {
      const members = data.flatMap((cell) => (Array.isArray(cell) ? (cell as Cell[]) : []));
      const encoding = members.some((one) => one !== null) ? { encoding: 'RLE_DICTIONARY' as const } : {};
      return { statistics: false, ...encoding, ...(hasFewValues(members) ? plain : {}) };
    }
  }
}

const bytesOf = (cell: Cell) => (typeof cell === 'string' ? Buffer.from(cell) : null);

function hasFewValues(cells: readonly Cell[]): boolean {
  const values = new Set<Cell>();
  return cells.every((cell) => values.add(cell).size <= MAX_FEW_VALUES);
}
