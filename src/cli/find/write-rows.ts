import { createHash, type Hash } from 'node:crypto';
import path from 'node:path';
import {
  ALL_COLUMN_NAMES,
  cellOf,
  csvOf,
  jsonOf,
  MAX_SHEET_ROWS,
  PERSON_COLUMNS,
} from '../../catalogue/export-rows.ts';
import { COLUMN_BY_NAME, ROWS_IN_GROUP, CATALOGUE_SCHEMA } from '../../catalogue/schema.ts';
import { ArchiveError } from '../../errors.ts';
import type { TableBuilder, TableColumn, TableRow, Tables } from '../../ports.ts';
import { printableJson } from '../../printable.ts';
import { SCHEMA_VERSION } from '../_ui.ts';
import { createFileTarget, type FileTarget } from '../file-target.ts';
import type { FoundRow } from './table.ts';

export type FileFormat = 'csv' | 'jsonl' | 'parquet';

export interface WrittenFile {
  readonly path: string;
  readonly rows: number;
  readonly sha256: string;
}

export interface RowWriter {
  write(found: FoundRow): Promise<void>;
  /** The files there are, which appear under their names now. */
  finish(): Promise<readonly WrittenFile[]>;
  abandon(): Promise<void>;
}

const FORMATS: Readonly<Record<string, FileFormat>> = {
  '.csv': 'csv',
  '.parquet': 'parquet',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.json': 'jsonl',
};

/** What a file is by its name. @throws `USAGE` for a name that says it is something else, or nothing. */
export function formatOfName(file: string): FileFormat {
  const format = FORMATS[path.extname(file).toLowerCase()];
  if (format !== undefined) return format;
  throw new ArchiveError('USAGE', 'the name of the file does not say its format', {
    hint: `name it .csv, .jsonl or .parquet, or pass --format`,
  });
}

/** @throws `USAGE` for a name that no column has. */
export function chooseColumns(named: string | undefined, reveal: boolean): readonly string[] {
  const known = reveal ? ALL_COLUMN_NAMES : [...COLUMN_BY_NAME.keys()];
  if (named === undefined) return known;
  const names = named.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !known.includes(name));
  if (wrong === undefined) return names;
  const isPerson = PERSON_COLUMNS.some(({ name }) => name === wrong);
  throw new ArchiveError(
    'USAGE',
    isPerson ? `${wrong} is about people` : '--columns names a column that there is not',
    {
      hint: isPerson ? 'pass --reveal to have it opened' : `columns: ${known.join(', ')}`,
    },
  );
}

const columnNamed = (name: string): TableColumn =>
  COLUMN_BY_NAME.get(name) ??
  PERSON_COLUMNS.find((column) => column.name === name) ?? { name, type: 'string' };

/** Lines of text, the heading of CSV first. */
export function linesOf(format: 'csv' | 'jsonl', names: readonly string[]) {
  return {
    heading: format === 'csv' ? names.join(',') : undefined,
    line: ({ row, people }: FoundRow) =>
      format === 'csv'
        ? csvOf(
            names.map((name) => cellOf(name, row, people)),
            names,
          )
        : printableJson({ type: 'recording', schemaVersion: SCHEMA_VERSION, ...jsonOf(names, row, people) }),
  };
}

export interface RowFileOptions {
  readonly format: FileFormat;
  readonly names: readonly string[];
  readonly force: boolean;
  readonly tables: Tables;
}

/** Writes rows to a file, or to several where one would be too long for a spreadsheet. */
export async function openRowFile(file: string, options: RowFileOptions): Promise<RowWriter> {
  const { format, names } = options;
  const done: { target: FileTarget; rows: number; sha256: string }[] = [];
  let current = await beginFile(file, options);
  const end = async () => {
    const { target, rows } = current;
    done.push({ target, rows, sha256: await endFile(current) });
  };
  return {
    write: async (found) => {
      if (format === 'csv' && current.rows === MAX_SHEET_ROWS) {
        await end();
        current = await beginFile(numbered(file, done.length + 1), options);
      }
      current.rows += 1;
      if (current.text !== undefined) {
        await current.put(Buffer.from(`${current.text.line(found)}${format === 'csv' ? '\r\n' : '\n'}`));
        return;
      }
      current.group.push(
        Object.fromEntries(names.map((name) => [name, cellOf(name, found.row, found.people)])),
      );
      if (current.group.length === ROWS_IN_GROUP) current.builder?.add(current.group.splice(0));
    },
    finish: async () => {
      await end();
      for (const { target } of done) await target.commit();
      return done.map(({ target, rows, sha256 }) => ({ path: target.path, rows, sha256 }));
    },
    abandon: async () => {
      for (const { target } of done) await target.abandon();
      await current.target.abandon();
    },
  };
}

/** A file that is being written: lines of text, or groups of rows. */
interface OpenRowFile {
  readonly target: FileTarget;
  readonly hash: Hash;
  readonly put: (bytes: Uint8Array) => Promise<void>;
  readonly builder: TableBuilder | undefined;
  readonly text: ReturnType<typeof linesOf> | undefined;
  readonly group: TableRow[];
  rows: number;
}

async function beginFile(
  name: string,
  { format, names, force, tables }: RowFileOptions,
): Promise<OpenRowFile> {
  const target = await createFileTarget(name, { force, followOwnLinks: true });
  const hash = createHash('sha256');
  const put = async (bytes: Uint8Array) => {
    hash.update(bytes);
    await target.write(bytes);
  };
  const builder =
    format === 'parquet' ? tables.build(names.map(columnNamed), { schema: CATALOGUE_SCHEMA }) : undefined;
  const text = format === 'parquet' ? undefined : linesOf(format, names);
  if (text?.heading !== undefined) await put(Buffer.from(`${text.heading}\r\n`));
  return { target, hash, put, builder, text, group: [], rows: 0 };
}

/** Writes what is left of it. @returns its SHA-256 in hex. */
async function endFile({ put, builder, group, hash }: OpenRowFile): Promise<string> {
  if (builder !== undefined) {
    builder.add(group.splice(0));
    await put(builder.finish());
  }
  return hash.digest('hex');
}

/** `calls.csv`, `calls-2.csv`, … */
const numbered = (file: string, number: number) => file.replace(/(\.[^./]+)?$/, `-${number}$1`);
