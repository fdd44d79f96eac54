import { type AwsJsonEndpoint, credentialsFor, serveAwsJson } from '../aws/json.ts';
import type { AwsEndpointOptions } from '../aws/endpoint.ts';
import { type AthenaErrorCode, AthenaRefusal } from '../aws/refusals.ts';
import { type AthenaAnswer, AthenaQueries, type AthenaWorkGroup, type SimulatedQuery } from './queries.ts';
import { present } from '../present.ts';

export type { AthenaAnswer, AthenaWorkGroup, SimulatedQuery } from './queries.ts';

const OPERATIONS = [
  'StartQueryExecution',
  'GetQueryExecution',
  'GetQueryResults',
  'StopQueryExecution',
  'GetWorkGroup',
] as const;
export type AthenaOperation = (typeof OPERATIONS)[number];

export interface AthenaOptions extends AwsEndpointOptions {
  /** By name; default `archive`, without a limit. */
  readonly workGroups?: Readonly<Record<string, AthenaWorkGroup>>;
  /** What a query is answered with; default no rows. No SQL is understood here. */
  readonly answer?: (sql: string) => AthenaAnswer;
}

export interface AthenaEndpoint extends AwsJsonEndpoint {
  /** What was asked, in the order it was started. */
  queries(): readonly SimulatedQuery[];
  /** The names of the operations that came, in their order. */
  readonly operations: readonly AthenaOperation[];
  readonly faults: {
    /** The next `times` requests for `operation` are answered with `code`; default 1, `Infinity` for always. */
    add(operation: AthenaOperation, code: AthenaErrorCode, times?: number): void;
  };
}

/** Bytes; a query has up to 262,144. */
const MAX_REQUEST_BYTES = 1_200_000;

/**
 * Starts a small Amazon Athena on 127.0.0.1, requests signed: queries that are answered by what the test says they read and give.
 *
 * Known differences from AWS: a query goes on only while its state is asked for; there are no databases, no policies (a fault stands for
 * one that denies), no results in S3.
 */
export async function startAthena(options: AthenaOptions = {}): Promise<AthenaEndpoint> {
  const queries = new AthenaQueries(options.workGroups ?? { archive: {} }, options.answer ?? (() => ({})));
  const operations: AthenaOperation[] = [];
  const faults: { operation: AthenaOperation; code: AthenaErrorCode; left: number }[] = [];
  const endpoint = await serveAwsJson(
    {
      credentials: credentialsFor('athena', options),
      target: 'AmazonAthena',
      version: '1.1',
      messageMember: 'Message',
      largestRequest: MAX_REQUEST_BYTES,
      isOperation: (name): name is AthenaOperation => OPERATIONS.some((one) => one === name),
      begin: () => undefined,
      recognise: (_entry, operation) => void operations.push(operation),
      perform: ({ operation, input }) => {
        const fault = faults.find((one) => one.operation === operation && one.left > 0);
        if (fault !== undefined) {
          fault.left -= 1;
          throw new AthenaRefusal(fault.code);
        }
        return perform(queries, operation, input);
      },
      end: () => {},
    },
    options,
  );
  return {
    ...endpoint,
    queries: () => queries.all,
    operations,
    faults: { add: (operation, code, times = 1) => void faults.push({ operation, code, left: times }) },
  };
}

type Input = Readonly<Record<string, unknown>>;

function perform(queries: AthenaQueries, operation: AthenaOperation, input: Input): object {
  switch (operation) {
    case 'StartQueryExecution':
      return {
        QueryExecutionId: queries.start({
          sql: text(input, 'QueryString'),
          workGroup: text(input, 'WorkGroup'),
          database: text(input['QueryExecutionContext'] as Input, 'Database'),
          token: text(input, 'ClientRequestToken'),
        }),
      };
    case 'GetQueryExecution':
      return { QueryExecution: describe(queries.look(text(input, 'QueryExecutionId'))) };
    case 'GetQueryResults': {
      const id = text(input, 'QueryExecutionId');
      const { rows, next } = queries.page(
        id,
        Number(input['NextToken'] ?? 0),
        Number(input['MaxResults'] ?? 1_000),
      );
      const { columns = [] } = queries.look(id).answer;
      const ColumnInfo = columns.map(([Name, Type]) => ({ Name, Label: Name, Type }));
      return {
        ResultSet: { Rows: rows, ResultSetMetadata: { ColumnInfo } },
        UpdateCount: 0,
        ...(next === 0 ? {} : { NextToken: String(next) }),
      };
    }
    case 'StopQueryExecution':
      queries.stop(text(input, 'QueryExecutionId'));
      return {};
    case 'GetWorkGroup': {
      const Name = text(input, 'WorkGroup');
      const { scanLimitBytes } = queries.workGroup(Name);
      const limit = present({ BytesScannedCutoffPerQuery: scanLimitBytes });
      return {
        WorkGroup: {
          Name,
          State: 'ENABLED',
          Configuration: { EnforceWorkGroupConfiguration: true, ...limit },
        },
      };
    }
  }
}

function describe({ query, answer }: ReturnType<AthenaQueries['look']>): object {
  const { id, sql, workGroup, database, state, reason, scannedBytes } = query;
  const { failure, statementType = 'DML' } = answer;
  const isOver = state !== 'QUEUED' && state !== 'RUNNING';
  return {
    QueryExecutionId: id,
    Query: sql,
    StatementType: statementType,
    WorkGroup: workGroup,
    QueryExecutionContext: { Database: database },
    Status: {
      State: state,
      ...present({ StateChangeReason: reason }),
      ...(state === 'FAILED' && failure !== undefined
        ? { AthenaError: { ErrorCategory: 2, Retryable: failure.retryable === true, ErrorMessage: reason } }
        : {}),
    },
    ...(isOver ? { Statistics: { DataScannedInBytes: scannedBytes } } : {}),
  };
}

/** @throws AthenaRefusal */
function text(input: Input | undefined, name: string): string {
  const value = input?.[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new AthenaRefusal('InvalidRequestException', `${name} is not set`);
}
