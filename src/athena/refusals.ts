import { type AwsErrorRule, commonRules, kindOfName, kindOfStatus } from '../aws/classify-error.ts';
import { errorNameOf, parseObject, textOf } from '../aws/json-calls.ts';
import { ArchiveError } from '../errors.ts';
import { printable } from '../printable.ts';
import { present } from '../present.ts';

const COMMON = commonRules(
  { throttled: 'ATHENA_UNAVAILABLE', unavailable: 'ATHENA_UNAVAILABLE', denied: 'ATHENA_DENIED' },
  { place: 'work group', service: 'ATHENA' },
);
/** Characters of what Athena says that a message has. */
const MAX_SAID = 300;

/** The service has one name for all that is wrong with a request, and says in words which it is. */
const WORK_GROUP_MISSING = /^work ?group is not found/i;

/** What Athena says of a query that read more than its work group lets it; it cancels such a query. */
const SCAN_LIMIT = /^bytes scanned limit was exceeded/i;

/** What Athena says of a query that failed for a right that its caller has not: its own, those of S3, of Glue and of Lake Formation. */
const RIGHT_MISSING =
  /permission denied|insufficient (?:lake formation )?permission|not authorized to perform|access ?denied/i;

/** https://docs.aws.amazon.com/athena/latest/APIReference/CommonErrors.html */
export function sortRefusal(
  what: string,
  status: number,
  text: string,
): { readonly error: ArchiveError; readonly transient: boolean } {
  const name = errorNameOf(text);
  const { message, Message } = parseObject(text);
  const said = textOf(Message) || textOf(message);
  const { code, hint, transient = false } = ruleFor(name, status, said);
  // what is wrong with a query is said in words alone, and they quote nothing but the query
  const words = code === 'ATHENA_QUERY_FAILED' && said !== '' ? `${name}: ${shorten(said)}` : name;
  const error = new ArchiveError(code, `${what}: ${status} ${words}`.trim(), {
    details: { status, reason: name },
    ...present({ hint }),
  });
  return { error, transient };
}

function ruleFor(name: string, status: number, said: string): AwsErrorRule {
  if (name === 'InvalidRequestException')
    return { code: WORK_GROUP_MISSING.test(said) ? 'ATHENA_WORK_GROUP_MISSING' : 'ATHENA_QUERY_FAILED' };
  if (name === 'InternalServerException') return COMMON.unavailable;
  const kind = kindOfName(name) ?? kindOfStatus(status);
  return kind === undefined ? { code: 'ATHENA_QUERY_FAILED' } : COMMON[kind];
}

/** How a query ended that did not succeed. */
export interface EndedQuery {
  readonly id: string;
  readonly workGroup: string;
  readonly state: string;
  readonly reason: string;
  readonly scannedBytes: number;
  /** Bytes that a query of the work group may read, where that is known. */
  readonly limitBytes: number | undefined;
  /** Athena says that the same query may succeed later. */
  readonly isRetryable: boolean;
}

export const isScanLimit = (reason: string): boolean => SCAN_LIMIT.test(reason);

/** The error of a query that failed or was cancelled. Pure. */
export function errorOfQuery(query: EndedQuery): ArchiveError {
  const { id, workGroup, state, reason, scannedBytes, limitBytes, isRetryable } = query;
  const details = { query: id, state, scannedBytes, ...present({ limitBytes }) };
  if (isScanLimit(reason)) {
    const limit = limitBytes === undefined ? 'its limit' : `its limit of ${limitBytes} bytes`;
    return new ArchiveError(
      'ATHENA_SCAN_LIMIT',
      `the work group ${workGroup} ended the query at ${limit}: ${scannedBytes} bytes were read, and there is no answer`,
      { details },
    );
  }
  const said = `${state === 'CANCELLED' ? 'the query was cancelled' : 'the query failed'}: ${shorten(reason) || 'Athena does not say why'}`;
  if (RIGHT_MISSING.test(reason)) return new ArchiveError('ATHENA_DENIED', said, { details });
  return new ArchiveError(isRetryable ? 'ATHENA_UNAVAILABLE' : 'ATHENA_QUERY_FAILED', said, { details });
}

const shorten = (text: string): string => printable(text.slice(0, MAX_SAID));
