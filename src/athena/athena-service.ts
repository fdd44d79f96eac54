import { partitionOf } from '../aws-regions.ts';
import {
  asObject,
  type JsonAnswer,
  JsonCalls,
  type JsonCallsOptions,
  type JsonService,
  textOf,
} from '../aws/json-calls.ts';
import type { Budget } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import type { RetryPolicy } from '../http/retry-timing.ts';
import { sortRefusal } from './refusals.ts';

/** A person waits. */
const ATHENA_RETRIES: RetryPolicy = { retries: 5, baseMs: 200, capMs: 5_000, maxRetryAfterMs: 30_000 };
/** Bytes; a page has up to 1,000 rows. */
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const ROWS_OF_A_PAGE = 1_000;

const ATHENA: JsonService = {
  title: 'Athena',
  name: 'athena',
  target: 'AmazonAthena',
  version: '1.1',
  maxAnswerBytes: MAX_ANSWER_BYTES,
  retries: ATHENA_RETRIES,
  unavailable: 'ATHENA_UNAVAILABLE',
  denied: 'ATHENA_DENIED',
  sort: sortRefusal,
};

export interface AthenaOptions extends JsonCallsOptions {
  /** `AWS_REGION`. */
  readonly region: string | undefined;
  /** `AWS_ENDPOINT_URL_ATHENA`; default: that of the region. */
  readonly endpoint?: string | undefined;
  /** Reaches the endpoint that is validated under FIPS 140. */
  readonly fips?: boolean | undefined;
}

/** Where a query stands. */
export interface QueryState {
  /** `QUEUED`, `RUNNING`, `SUCCEEDED`, `FAILED` or `CANCELLED`. */
  readonly state: string;
  /** Why, of a query that ended. */
  readonly reason: string;
  readonly scannedBytes: number;
  readonly isRetryable: boolean;
  /** Whether its answer begins with a row that names the columns. */
  readonly hasHeading: boolean;
}

export interface QueryColumn {
  readonly name: string;
  /** As Athena names it, e.g. `bigint`. */
  readonly type: string;
}

export interface QueryPage {
  readonly columns: readonly QueryColumn[];
  /** `null` where a cell has no value. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly next: string | undefined;
}

/** What is asked of Athena. https://docs.aws.amazon.com/athena/latest/APIReference/ */
export interface AthenaService {
  /**
   * @param query.token the same of every attempt: a lost answer does not start the query twice.
   * @returns the id of its execution.
   * @throws `ATHENA_WORK_GROUP_MISSING`, `ATHENA_DENIED`, `ATHENA_QUERY_FAILED`, `ATHENA_UNAVAILABLE`; so do the others.
   */
  start(
    query: {
      readonly sql: string;
      readonly workGroup: string;
      readonly database: string;
      readonly token: string;
    },
    budget: Budget,
  ): Promise<string>;
  stateOf(id: string, budget: Budget): Promise<QueryState>;
  page(id: string, from: string | undefined, budget: Budget): Promise<QueryPage>;
  stop(id: string, budget: Budget): Promise<void>;
  /** Bytes that one query of a work group may read; `undefined` without a limit. */
  scanLimitOf(workGroup: string, budget: Budget): Promise<number | undefined>;
  close(): void;
}

export function createAthena(options: AthenaOptions): AthenaService {
  const calls = new JsonCalls(ATHENA, options);
  const make = (
    operation: string,
    input: Readonly<Record<string, unknown>>,
    budget: Budget,
  ): Promise<JsonAnswer> => calls.make({ operation, ...placeOf(options), input }, budget);
  return {
    async start({ sql, workGroup, database, token }, budget) {
      const input = {
        QueryString: sql,
        WorkGroup: workGroup,
        QueryExecutionContext: { Database: database },
        ClientRequestToken: token,
      };
      const id = textOf((await make('StartQueryExecution', input, budget))['QueryExecutionId']);
      if (id === '')
        throw new ArchiveError('ATHENA_UNAVAILABLE', 'Athena did not say which query it has started');
      return id;
    },
    async stateOf(id, budget) {
      const answer = await make('GetQueryExecution', { QueryExecutionId: id }, budget);
      return readState(asObject(answer['QueryExecution']));
    },
    async page(id, from, budget) {
      const input = { QueryExecutionId: id, MaxResults: ROWS_OF_A_PAGE };
      const asked = from === undefined ? input : { ...input, NextToken: from };
      return readPage(await make('GetQueryResults', asked, budget));
    },
    async stop(id, budget) {
      await make('StopQueryExecution', { QueryExecutionId: id }, budget);
    },
    async scanLimitOf(workGroup, budget) {
      const { WorkGroup } = await make('GetWorkGroup', { WorkGroup: workGroup }, budget);
      const limit = asObject(asObject(WorkGroup)['Configuration'])['BytesScannedCutoffPerQuery'];
      return typeof limit === 'number' ? limit : undefined;
    },
    close: () => calls.close(),
  };
}

/** @throws `CONFIG_INVALID` where no region is set, or it has not the form of one. */
function placeOf({ region, endpoint, fips = false }: AthenaOptions): {
  readonly url: URL;
  readonly region: string;
} {
  const partition = partitionOf(region ?? '');
  if (region === undefined || partition === undefined)
    throw new ArchiveError('CONFIG_INVALID', 'the region of the work group is not known', {
      hint: 'set AWS_REGION',
    });
  if (endpoint !== undefined && endpoint !== '') {
    if (URL.canParse(endpoint)) return { url: new URL(endpoint), region };
    throw new ArchiveError('CONFIG_INVALID', 'the endpoint of Athena is not a URL', {
      hint: 'correct or unset AWS_ENDPOINT_URL_ATHENA and AWS_ENDPOINT_URL',
    });
  }
  const name = fips ? 'athena-fips' : 'athena';
  return { url: new URL(`https://${name}.${region}.${partition.dnsSuffix}`), region };
}

function readState(execution: JsonAnswer): QueryState {
  const status = asObject(execution['Status']);
  const failure = asObject(status['AthenaError']);
  const bytes = asObject(execution['Statistics'])['DataScannedInBytes'];
  return {
    state: textOf(status['State']),
    reason: textOf(status['StateChangeReason']) || textOf(failure['ErrorMessage']),
    scannedBytes: typeof bytes === 'number' ? bytes : 0,
    isRetryable: failure['Retryable'] === true,
    hasHeading: execution['StatementType'] === 'DML',
  };
}

function readPage(answer: JsonAnswer): QueryPage {
  const result = asObject(answer['ResultSet']);
  const columns = listOf(asObject(result['ResultSetMetadata'])['ColumnInfo']).map((column) => {
    const { Label, Name, Type } = asObject(column);
    return { name: textOf(Label) || textOf(Name), type: textOf(Type) };
  });
  const rows = listOf(result['Rows']).map((row) =>
    listOf(asObject(row)['Data']).map((cell) => {
      const value = asObject(cell)['VarCharValue'];
      return typeof value === 'string' ? value : null;
    }),
  );
  const next = textOf(answer['NextToken']);
  return { columns, rows, next: next === '' ? undefined : next };
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
