/** ms. */
export interface InitSpread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export interface InitRow {
  /** e.g. `v24.21.0`. */
  readonly node: string;
  /** The runtime that AWS uses, or a plain import in a fresh process. */
  readonly how: 'aws-lambda-ric' | 'import';
  readonly initMs: InitSpread;
  /** Of a handler that does nothing: what Node and the runtime take by themselves. */
  readonly emptyInitMs: InitSpread;
  readonly bundleBytes: number;
}

export function measureInit(options?: {
  readonly runs?: number;
  readonly binaries?: readonly string[];
  /** Directory that `scripts/lambda-runtime.sh install` has filled. */
  readonly runtime?: string;
}): Promise<InitRow[]>;

export function findNodeBinaries(): string[];
