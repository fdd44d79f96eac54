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
import { present } from '../present.ts';
import type { Cell, PinnedFile, Pruning, RowRange, Table, TableColumn } from '../ports.ts';

/**
 * Bytes that are read of each file first: its footer, and with a few thousand rows the filters and page indices before it.
 * docs/decisions/015
 */
const TAIL_BYTES = 16 * 1024;

/** Of this many columns it is better to read all bytes of the rows that lie together, up to so many. */
const MIN_COLUMNS_AT_ONCE = 4;
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
/** A group of rows and the index of its pages. */
const MAX_KEPT = 2;

const compressors = {
  GZIP: (bytes: Uint8Array, length: number) => {
    const opened = gunzipSync(bytes, { maxOutputLength: Math.max(length, 1) });
    return new Uint8Array(opened.buffer, opened.byteOffset, opened.byteLength);
  },
};

const parsers = {
  timestampFromMilliseconds: (ms: bigint) => Number(ms),
  // the library's own leaves out a byte order mark that a text begins with, and takes longer for short texts
  stringFromBytes: (bytes: Uint8Array | undefined) =>
    bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'),
};

/** Reads the footer of a Parquet file, and of its columns what is asked for. */
export async function openTable(file: PinnedFile, name: string): Promise<Table> {
  const buffer = withTail(file);
  const metadata = await reading(name, () =>
    parquetMetadataAsync(buffer, { initialFetchSize: TAIL_BYTES, parsers, geoparquet: false }),
  );
  const facts = Object.fromEntries(
    (metadata.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? '']),
  );
  const viewOf = viewsOf(metadata);
  const columns = new Set(viewOf.names);
  const rows = Number(metadata.num_rows);
  const scanOf = (names: readonly string[], pruningFilter?: ParquetQueryFilter) =>
    parquetScan({
      file: buffer,
      metadata: viewOf(names),
      compressors,
      parsers,
      geoparquet: false,
      useBloomFilters: true,
      usePageIndex: true,
      ...present({ pruningFilter }),
    });
  const read: Table['read'] = (column, range) => {
    if (!columns.has(column.name)) return Promise.resolve(nulls(range));
    return reading(name, async () => readColumn(await scanOf([column.name]), column, range));
  };
  return {
    rows,
    facts,
    columns,
    candidates: (pruning) =>
      reading(name, async () => {
        const filter = filterOf(pruning, columns);
        if (filter === 'none') return [];
        if (filter === undefined) return rows === 0 ? [] : [{ from: 0, to: rows }];
        const { ranges } = await scanOf(namesIn(pruning, columns), filter);
        return ranges.map(({ rowStart, rowEnd }) => ({ from: rowStart, to: rowEnd }));
      }),
    read,
    readAll: async (asked, range) => {
      const parts = asked.length < MIN_COLUMNS_AT_ONCE ? [] : bytesOf(metadata, range);
      const bytes = parts.reduce((sum, { first, end }) => sum + end - first, 0);
      if (bytes <= MAX_GROUP_BYTES) await Promise.all(parts.map(({ first, end }) => buffer.keep(first, end)));
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
      ...present({ $gte: from, $lte: to }),
    };
    if (Object.keys(bounds).length > 0) all.push({ [column]: bounds });
  }
  const [one, ...others] = all;
  return others.length === 0 ? one : { $and: all };
}

function namesIn({ equal, between }: Pruning, columns: ReadonlySet<string>): readonly string[] {
  const names = equal.flatMap((choices) => choices.map(({ column }) => column));
  if (between !== undefined) names.push(between.column);
  return [...new Set(names)].filter((column) => columns.has(column));
}

interface Views {
  /** The same file as if it had these columns alone: planning a read costs by the columns that are looked at. */
  (names: readonly string[]): FileMetaData;
  readonly names: Iterable<string>;
}

function viewsOf(metadata: FileMetaData): Views {
  const { schema, row_groups: groups } = metadata;
  const places = new Map<string, { elements: typeof schema; leaf: number; leaves: number }>();
  let leaf = 0;
  for (let at = 1; at < schema.length; ) {
    const end = endOfColumn(schema, at);
    const elements = schema.slice(at, end);
    const leaves = elements.filter(({ type }) => type !== undefined).length;
    places.set(schema[at]?.name ?? '', { elements, leaf, leaves });
    leaf += leaves;
    at = end;
  }
  const known = new Map<string, FileMetaData>();
  const make = (names: readonly string[]): FileMetaData => {
    const own = names.flatMap((name) => places.get(name) ?? []);
    const root = { ...(schema[0] ?? { name: 'root' }), num_children: own.length };
    return {
      ...metadata,
      schema: [root, ...own.flatMap(({ elements }) => elements)],
      row_groups: groups.map((group) => ({
        ...group,
        columns: own.flatMap((one) => group.columns.slice(one.leaf, one.leaf + one.leaves)),
      })),
    };
  };
  const viewOf = (names: readonly string[]) => {
    const key = names.join(' ');
    const found = known.get(key) ?? make(names);
    known.set(key, found);
    return found;
  };
  return Object.assign(viewOf, { names: places.keys() });
}

function endOfColumn(schema: FileMetaData['schema'], at: number): number {
  let next = at + 1;
  for (let child = 0; child < (schema[at]?.num_children ?? 0); child += 1) next = endOfColumn(schema, next);
  return next;
}

interface Piece {
  first: number;
  end: number;
}

/** Where the columns of the row groups of a range lie, and what says where the pages of these are. */
function bytesOf({ row_groups: groups }: FileMetaData, { from, to }: RowRange): readonly Piece[] {
  const data: Piece = { first: Number.POSITIVE_INFINITY, end: 0 };
  const index: Piece = { first: Number.POSITIVE_INFINITY, end: 0 };
  const widen = (piece: Piece, first: number, bytes: number) => {
    piece.first = Math.min(piece.first, first);
    piece.end = Math.max(piece.end, first + bytes);
  };
  let at = 0;
  for (const { columns, num_rows: rows } of groups) {
    const next = at + Number(rows);
    if (at < to && next > from) {
      for (const { meta_data: meta, offset_index_offset: offset, offset_index_length: bytes } of columns) {
        const start = Number(meta?.dictionary_page_offset || meta?.data_page_offset || 0);
        widen(data, start, Number(meta?.total_compressed_size ?? 0));
        if (offset !== undefined && bytes !== undefined) widen(index, Number(offset), bytes);
      }
    }
    at = next;
  }
  return [data, index].filter(({ end }) => end > 0);
}

interface KeepingBuffer extends AsyncBuffer {
  /** Reads these bytes once, for the reads of parts of them that follow. */
  keep(first: number, end: number): Promise<void>;
}

/** What lies within the tail, or is kept, is not read again. */
function withTail(file: PinnedFile): KeepingBuffer {
  const tailFrom = Math.max(0, file.size - TAIL_BYTES);
  let tail: Promise<Uint8Array> | undefined;
  const tailOf = () => (tail ??= file.read(tailFrom, file.size));
  const kept: { readonly first: number; readonly bytes: Uint8Array }[] = [];
  const keptFor = (first: number, end: number) =>
    kept.find((piece) => first >= piece.first && end <= piece.first + piece.bytes.byteLength);
  return {
    byteLength: file.size,
    keep: async (first, end) => {
      if (first >= tailFrom || keptFor(first, end) !== undefined) return;
      const bytes = await file.read(first, end);
      while (kept.length >= MAX_KEPT) kept.shift();
      kept.push({ first, bytes });
    },
    slice: async (first, end = file.size) => {
      if (first >= tailFrom) return exactly((await tailOf()).subarray(first - tailFrom, end - tailFrom));
      const piece = keptFor(first, end);
      if (piece === undefined) return exactly(await file.read(first, end));
      return exactly(piece.bytes.subarray(first - piece.first, end - piece.first));
    },
  };
}

/** Copies only what is a part of something larger. */
function exactly({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  if (byteOffset === 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer) return buffer;
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
