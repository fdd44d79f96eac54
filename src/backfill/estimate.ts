import { DAY_MS } from '../recording/time.ts';

/** What a plan takes: time and money. Pure. The prices and measurements are those of docs/cost.md; a test compares them. */

const MB = 1e6;
const GB = 1e9;
const MINUTE_MS = 60_000;

/** Rows of the tables of docs/cost.md, by their names there. US dollars, seconds, MB. */
export const COST_INPUTS = {
  'lambda-gb-second': 0.000_013_333_4,
  's3-put': 0.005,
  's3-get': 0.0004,
  's3-transition': 0.01,
  's3-gb-month': 0.023,
  'kms-call': 0.03,
  'cpu-fixed': 0.0031,
  'cpu-per-gb': 4.18,
  's3-writes': 3,
  's3-reads': 2,
  'genesys-requests': 3,
  'kms-requests': 1,
  memory: 512,
  'source-rate': 80,
  'round-trip': 0.05,
} as const;

/** MB of memory that Lambda gives one processor for. */
const MB_PER_PROCESSOR = 1_769;
const PART_BYTES = 5 * 1024 * 1024;

/** Bytes of a recording, where the archive has none to measure: three minutes of WAV as the platform makes it. */
export const ASSUMED_RECORDING_BYTES = 6 * MB;

/** Calls to the platform for one recording: its list, and its part of a batch of a hundred that is looked at six times. */
export const CALLS_BY_BATCH = 1.1;
/** Calls where each file is asked for by itself, and looked at until it is made. */
export const CALLS_ALONE = 3;

export interface EstimateRequest {
  readonly recordings: number;
  /** Of all of them. */
  readonly bytes: number;
  /** For one recording; 0 for an export. */
  readonly callsPerRecording: number;
  /** Calls a minute that the job may send. */
  readonly callsPerMinute: number;
  /** Sealed by AWS KMS. */
  readonly usesKms: boolean;
  /** Stored in S3. */
  readonly usesS3: boolean;
}

export interface Estimate {
  readonly days: number;
  readonly limitedBy: 'genesys-rate' | 'download';
  /** US dollars; `undefined` for a directory, which costs nothing at AWS. */
  readonly cost?: { readonly once: number; readonly monthly: number };
}

/** Time and cost of archiving so many recordings. */
export function estimate(request: EstimateRequest): Estimate {
  const { recordings, bytes, callsPerRecording, callsPerMinute, usesKms, usesS3 } = request;
  const byRateMs = callsPerMinute > 0 ? ((recordings * callsPerRecording) / callsPerMinute) * MINUTE_MS : 0;
  const byDownloadMs = (bytes / MB / COST_INPUTS['source-rate']) * 1_000;
  const cost = usesS3 ? { cost: costOf(recordings, bytes, usesKms) } : {};
  return {
    days: Math.max(byRateMs, byDownloadMs) / DAY_MS,
    limitedBy: byRateMs >= byDownloadMs ? 'genesys-rate' : 'download',
    ...cost,
  };
}

function costOf(
  recordings: number,
  bytes: number,
  usesKms: boolean,
): { readonly once: number; readonly monthly: number } {
  const get = COST_INPUTS;
  const each = recordings === 0 ? 0 : bytes / recordings;
  const computing =
    (get['cpu-fixed'] + (each / GB) * get['cpu-per-gb']) / Math.min(1, get.memory / MB_PER_PROCESSOR);
  const requests = get['s3-writes'] + get['s3-reads'] + get['genesys-requests'] + get['kms-requests'];
  const seconds = Math.max(computing, each / MB / get['source-rate']) + requests * get['round-trip'];
  const lambda = (get.memory / 1_024) * seconds * get['lambda-gb-second'];
  const parts = each > PART_BYTES ? Math.ceil(each / PART_BYTES) + 1 : 0;
  const s3 =
    ((get['s3-writes'] + parts) * get['s3-put'] + get['s3-reads'] * get['s3-get'] + get['s3-transition']) /
    1_000;
  const kms = usesKms ? (get['kms-requests'] * get['kms-call']) / 10_000 : 0;
  return { once: recordings * (lambda + s3 + kms), monthly: (bytes / GB) * get['s3-gb-month'] };
}
