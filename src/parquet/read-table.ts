import { gunzipSync } from 'node:zlib';
import {
  type AsyncBuffer,
  type DecodedArray,
  type FileMetaData,
  type ParquetQueryFilter,
  parquetMetadataAsync,
  parquetScan,
} from 'hyparquet';
import { ArchiveError } from '../errors.ts';
import type { Cell, PinnedFile, Pruning, RowRange, Table, TableColumn } from '../ports.ts';

/** Bytes that are read of each file first: its footer, and with few rows the filters before it. docs/decisions/015 */
const TAIL_BYTES = 12 * 1024;

/** Of this many columns it is better to read all bytes of the rows that lie together, up to so many. */
const MIN_COLUMNS_AT_ONCE = 4;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;

const compressors = {
  GZIP: (bytes: Uint8Array, length: number) => {
    const opened = gunzipSync(bytes, { maxOutputLength: Math.max(length, 1) });
    return new Uint8Array(opened.buffer, opened.byteOffset, opened.byteLength);
  },
};

const parsers = { timestampFromMilliseconds: (ms: bigint) => Number(ms) };

/** Reads the footer of a Parquet file, and of its columns what is asked for. */
export async function openTable(file: PinnedFile, name: string): Promise<Table> {
  const buffer = withTail(file);
  const metadata = await reading(name, () =>
    parquetMetadataAsync(buffer, { initialFetchSize: TAIL_BYTES, parsers, geoparquet: false }),
  );
  const facts = Object.fromEntries(
    (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']),
  );
  const columns = columnsOf(metadata);
  const rows = Number(metadata.num_rows);
  const scanOf = (options: { columns?: string[]; pruningFilter?: ParquetQueryFilter }) =>
    parquetScan({
      file: buffer,
      metadata,
      compressors,
      parsers,
      geoparquet: false,
      useBloomFilters: true,
      usePageIndex: true,
      ...options,
    });
  const read: Table['read'] = (column, range) => {
    if (!columns.has(column.name)) return Promise.resolve(nulls(range));
    return reading(name, async () => readColumn(await scanOf({ columns: [column.name] }), column, range));
  };
  return {
    rows,
    facts,
    columns,
    candidates: (pruning) =>
      reading(name, async () => {
        const filter = filterOf(pruning, columns);
        if (filter === 'none') return [];
        const { ranges } = await scanOf(filter === undefined ? {} : { pruningFilter: filter });
        return ranges.map(({ rowStart, rowEnd }) => ({ from: rowStart, to: rowEnd }));
      }),
    read,
    readAll: async (asked, range) => {
      const bytes = asked.length < MIN_COLUMNS_AT_ONCE ? undefined : bytesOf(metadata, range);
      if (bytes !== undefined && bytes.end - bytes.first <= MAX_GROUP_BYTES)
        await buffer.keep(bytes.first, bytes.end);
      return Promise.all(asked.map((column) => read(column, range)));
    },
  };
}

async function readColumn(
  scan: Awaited<ReturnType<typeof parquetScan>>,
  column: TableColumn,
  { from, to }: RowRange,
): Promise<ArrayLike<Cell>> {
  const pieces: DecodedArray[] = [];
  for (const { rowStart, rowEnd } of scan.ranges) {
    const [first, end] = [Math.max(rowStart, from), Math.min(rowEnd, to)];
    if (first < end)
      pieces.push(await scan.readColumn({ column: column.name, rowStart: first, rowEnd: end }));
  }
  const [only = [], ...more] = pieces;
  const cells: ArrayLike<unknown> = more.length === 0 ? only : pieces.flatMap((piece) => [...piece]);
  if (cells.length !== to - from) throw new Error('other rows than were asked for');
  return column.type === 'int64' ? wide(cells) : (withNulls(cells) as ArrayLike<Cell>);
}

/** Absent values are `undefined` in some encodings and null in others. */
function withNulls(cells: ArrayLike<unknown>): ArrayLike<unknown> {
  if (!Array.isArray(cells)) return cells;
  for (let at = 0; at < cells.length; at += 1) if (cells[at] === undefined) cells[at] = null;
  return cells;
}

function wide(cells: ArrayLike<unknown>): ArrayLike<Cell> {
  return Array.from(cells, (cell) =>
    typeof cell === 'bigint' ? cell : typeof cell === 'number' ? BigInt(cell) : null,
  );
}

const nulls = ({ from, to }: RowRange): Cell[] => Array.from({ length: to - from }, () => null);

/** `none`: no row can meet the conditions, because a file of an earlier schema has not the columns. */
function filterOf(
  { equal, between }: Pruning,
  columns: ReadonlySet<string>,
): ParquetQueryFilter | 'none' | undefined {
  const all: ParquetQueryFilter[] = [];
  for (const choices of equal) {
    const any = choices
      .filter(({ column, values }) => columns.has(column) && values.length > 0)
      .map(({ column, values }) => ({ [column]: { $in: [...values] } }));
    const [one, ...others] = any;
    if (one === undefined) return 'none';
    all.push(others.length === 0 ? one : { $or: any });
  }
  if (between !== undefined && columns.has(between.column)) {
    const { column, from, to } = between;
    const bounds = {
      ...(from === undefined ? {} : { $gte: from }),
      ...(to === undefined ? {} : { $lte: to }),
    };
    if (Object.keys(bounds).length > 0) all.push({ [column]: bounds });
  }
  const [one, ...others] = all;
  return others.length === 0 ? one : { $and: all };
}

function columnsOf({ schema }: FileMetaData): ReadonlySet<string> {
  const names = new Set<string>();
  const skip = (at: number): number => {
    let next = at + 1;
    for (let child = 0; child < (schema[at]?.num_children ?? 0); child += 1) next = skip(next);
    return next;
  };
  for (let at = 1; at < schema.length; ) {
    names.add(schema[at]?.name ?? '');
    at = skip(at);
  }
  return names;
}

/** Where the columns of the row groups of a range lie. */
function bytesOf({ row_groups: groups }: FileMetaData, { from, to }: RowRange) {
  let first = Number.POSITIVE_INFINITY;
  let end = 0;
  let at = 0;
  for (const { columns, num_rows: rows } of groups) {
    const next = at + Number(rows);
    if (at < to && next > from) {
      for (const { meta_data: meta } of columns) {
        const start = Number(meta?.dictionary_page_offset || meta?.data_page_offset || 0);
        first = Math.min(first, start);
        end = Math.max(end, start + Number(meta?.total_compressed_size ?? 0));
      }
    }
    at = next;
  }
  return end === 0 ? undefined : { first, end };
}

interface KeepingBuffer extends AsyncBuffer {
  /** Reads these bytes once, for the reads of parts of them that follow. */
  keep(first: number, end: number): Promise<void>;
}

/** What lies within the tail, or is kept, is not read again. */
function withTail(file: PinnedFile): KeepingBuffer {
  const tailFrom = Math.max(0, file.size - TAIL_BYTES);
  let tail: Promise<Uint8Array> | undefined;
  let kept: { readonly first: number; readonly bytes: Uint8Array } | undefined;
  const isKept = (first: number, end: number) =>
    kept !== undefined && first >= kept.first && end <= kept.first + kept.bytes.byteLength;
  return {
    byteLength: file.size,
    keep: async (first, end) => {
      if (!isKept(first, end)) kept = { first, bytes: await file.read(first, end) };
    },
    slice: async (first, end = file.size) => {
      if (kept !== undefined && isKept(first, end))
        return exactly(kept.bytes.subarray(first - kept.first, end - kept.first));
      const bytes =
        first >= tailFrom
          ? (await (tail ??= file.read(tailFrom, file.size))).subarray(first - tailFrom, end - tailFrom)
          : await file.read(first, end);
      return exactly(bytes);
    },
  };
}

function exactly(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

async function reading<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ArchiveError) throw error;
    throw new ArchiveError('CATALOGUE_UNREADABLE', `${name} is not a file of the catalogue, or is damaged`);
  }
}
