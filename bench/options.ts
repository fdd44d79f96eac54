import { parseArgs } from 'node:util';

export const PARTS = [
  'throughput',
  'small',
  'memory',
  'limits',
  'lambda',
  'init',
  'cli-memory',
  'jobs',
  'find',
  'compaction',
  'seal',
  'console',
  'latency',
] as const;
export type Part = (typeof PARTS)[number];

/** What the committed baseline is about. */
const CHECKED_PARTS: readonly Part[] = ['throughput', 'small', 'memory'];

export const VARIANTS = ['tutorial', 'lib-storage', 'ours', 'ours-s3ec', 'ours-records', 'floor'] as const;
export type Variant = (typeof VARIANTS)[number];

/** HTTPS first: it is what runs. */
export const SCHEMES = ['https', 'http'] as const;
export type Scheme = (typeof SCHEMES)[number];

export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly json: boolean;
  readonly quick: boolean;
  /** `undefined`: each part's own. */
  readonly rounds: number | undefined;
  /** Bytes. */
  readonly sizes: readonly number[] | undefined;
  readonly variants: readonly Variant[] | undefined;
  readonly schemes: readonly Scheme[] | undefined;
  readonly concurrency: readonly number[] | undefined;
  /** Of `find`: only the look-up by the month index, in a catalogue of so many. */
  readonly rows: number | undefined;
  /** Further arguments of `node` for the variants that are ours. */
  readonly nodeArgs: readonly string[];
  readonly check: boolean;
  readonly writeBaseline: boolean;
  readonly writeResults: boolean;
  readonly writeDocs: boolean;
}

export const USAGE = `npm run bench -- [options]

  --only PARTS         comma-separated, of ${PARTS.join(', ')};
                       default: all; with --check or --write-baseline: ${CHECKED_PARTS.join(', ')}
  --quick              fewer rounds, sizes and variants
  --check              compares the ratios with bench/baseline.json and fails where they are worse
  --write-baseline     keeps the ratios of this run in bench/baseline.json; meant with --quick
  --write-results      keeps what was measured in bench/results.json, in place of the same parts there
  --write-docs         renews docs/performance.md and its plot from bench/results.json; alone, it measures nothing
  --json               one JSON object a line instead of tables
  --rounds N           rounds in which the variants take turns
  --sizes LIST         e.g. 1MB,100MB,1GB (powers of ten)
  --variants LIST      of ${VARIANTS.join(', ')}
  --schemes LIST       of ${SCHEMES.join(', ')}
  --concurrency LIST   recordings at once, e.g. 1,8,32
  --rows N             find: only look-ups by the index of months, in a catalogue of so many rows, e.g. 10000000
  --node-arg ARG       for the processes of our own variants; may be given more than once
`;

/** @returns a text to print instead when help was asked for or something is not understood. */
export function parseOptions(
  args: readonly string[],
): BenchOptions | { readonly usage: string; readonly exit: number } {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        sizes: { type: 'string' },
        variants: { type: 'string' },
        schemes: { type: 'string' },
        concurrency: { type: 'string' },
        rows: { type: 'string' },
        'node-arg': { type: 'string', multiple: true, default: [] },
        check: { type: 'boolean', default: false },
        'write-baseline': { type: 'boolean', default: false },
        'write-results': { type: 'boolean', default: false },
        'write-docs': { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { usage: USAGE, exit: 0 };
    const guarded = values.check || values['write-baseline'];
    const usual = values['write-docs'] && args.length === 1 ? [] : guarded ? CHECKED_PARTS : PARTS;
    return {
      parts: listOf(values.only, choiceOf(PARTS)) ?? usual,
      json: values.json,
      quick: values.quick,
      rounds: listOf(values.rounds, parseCount)?.[0],
      sizes: listOf(values.sizes, parseSize),
      variants: listOf(values.variants, choiceOf(VARIANTS)),
      schemes: listOf(values.schemes, choiceOf(SCHEMES)),
      concurrency: listOf(values.concurrency, parseCount),
      rows: values.rows === undefined ? undefined : parseCount(values.rows, MAX_ROWS_DIGITS),
      nodeArgs: values['node-arg'],
      check: values.check,
      writeBaseline: values['write-baseline'],
      writeResults: values['write-results'],
      writeDocs: values['write-docs'],
    };
  } catch (error) {
    return { usage: `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`, exit: 2 };
  }
}

function listOf<T>(text: string | undefined, parse: (item: string) => T): readonly T[] | undefined {
  return text?.split(',').map((item) => parse(item));
}

function choiceOf<T extends string>(choices: readonly T[]) {
  return (item: string): T => {
    const found = choices.find((choice) => choice === item);
    if (found === undefined) throw new Error(`"${item}" is none of ${choices.join(', ')}`);
    return found;
  };
}

/** Digits of a count of rows. */
const MAX_ROWS_DIGITS = 10;

function parseCount(item: string, digits = 6): number {
  if (!/^[1-9]\d*$/.test(item) || item.length > digits) throw new Error(`"${item}" is no number from 1 up`);
  return Number(item);
}

function parseSize(item: string): number {
  const [, digits, unit] = /^(\d{1,9})(kB|MB|GB)$/.exec(item) ?? [];
  if (digits === undefined) throw new Error(`"${item}" is no size such as 100MB`);
  return Number(digits) * ({ kB: 1e3, MB: 1e6, GB: 1e9 }[unit ?? ''] ?? 1);
}

/** e.g. `100 MB`; powers of ten throughout. */
export function formatSize(bytes: number): string {
  return bytes >= 1e9 ? `${bytes / 1e9} GB` : `${bytes / 1e6} MB`;
}
