/** Tables of rows in one file, as columns: what the catalogue is kept in. */

export type ColumnType = 'string' | 'strings' | 'timestamp' | 'int32' | 'int64' | 'boolean';

export interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Never null. */
  readonly required?: true | undefined;
  /** Has a filter that tells which values it does not hold. */
  readonly bloom?: true;
  /** Says for each page what its least and greatest value are. */
  readonly pageIndex?: true;
}

/** `timestamp`: epoch ms. `int64`: bigint. `strings`: members may be null, where one of several has no value. */
export type Cell = string | number | bigint | boolean | readonly (string | null)[] | null;

export type TableRow = Readonly<Record<string, Cell>>;

/** One version of a file. Pieces of two versions are never mixed. */
export interface PinnedFile {
  /** Bytes. */
  readonly size: number;
  /**
   * @param end of the byte behind the last.
   * @throws `STORE_UNAVAILABLE` (retryable) when the file was replaced since it was opened.
   */
  read(first: number, end: number): Promise<Uint8Array>;
}

/** Rows that lie together, `from` and up to but not including `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Conditions of which all must hold; a row that they exclude need not be looked at. */
export interface Pruning {
  /** Of each list, one column has one of the values. */
  readonly equal: readonly (readonly { readonly column: string; readonly values: readonly Cell[] }[])[];
  /** Both ends included. */
  readonly between?: {
    readonly column: string;
    readonly from?: number | bigint;
    readonly to?: number | bigint;
  };
}

export interface Table {
  readonly rows: number;
  /** What its writer said of it. */
  readonly facts: Readonly<Record<string, string>>;
  readonly columns: ReadonlySet<string>;
  /** Where rows may be that meet the conditions. Rows that do not meet them may be among them. */
  candidates(pruning: Pruning): Promise<readonly RowRange[]>;
  /** Of one of {@link candidates}, or of all rows. A column that the file has not is null throughout. */
  read(column: TableColumn, range: RowRange): Promise<ArrayLike<Cell>>;
  /** Of several columns, in their order, with as few reads of the file as there can be. */
  readAll(columns: readonly TableColumn[], range: RowRange): Promise<readonly ArrayLike<Cell>[]>;
}

export interface TableBuilder {
  /** Rows in their order, as many as are to lie together. */
  add(rows: readonly TableRow[]): void;
  /** The whole file. Nothing can be added to it. */
  finish(): Uint8Array;
}

export interface Tables {
  build(columns: readonly TableColumn[], facts: Readonly<Record<string, string>>): TableBuilder;
  /** @throws `CATALOGUE_UNREADABLE` when it is none; what `file.read` throws. */
  open(file: PinnedFile, name: string): Promise<Table>;
}
