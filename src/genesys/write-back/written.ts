import { parseForeignJson } from '../../json.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { type Asked, findForeignId, foreignAnswer } from '../answer-ids.ts';

/** Statuses that a write may be answered with; 203, 206 or 207 mean that something else, or only a part, happened. */
const WRITTEN = new Set([200, 201, 202, 204]);

/** Words by which bodies of any make say that they are about a failure. */
const FAILED =
  /error|\bfault|fail|reject|refus|denied|forbidden|unauthori|invalid|unavailable|time[d_ -]{0,2}out|not.?found|^false$/i;

/** Members that only bodies about failures have. */
const FAILURE_MEMBERS = new Set([
  'error',
  'errors',
  'errorcode',
  'errormessage',
  'errormsg',
  'errordescription',
  'fault',
  'exception',
]);

/** Members that say whether it went well. */
const SUCCESS_MEMBERS = new Set(['success', 'succeeded', 'ok']);

/** Members that say how it went. */
const OUTCOME_MEMBERS = new Set(['status', 'statuscode', 'code', 'result', 'outcome', 'state']);

/** Members in which some gateways put what failed; others hold words of users. */
const WRAPPERS = new Set(['data', 'response', 'body', 'payload', 'result', 'details']);

/** As the platform's `ErrorBody` states them, e.g. `missing.permissions`. */
const ERROR_CODE = /^[a-z]+(?:[._-][a-z]+)+$/i;

export interface WriteCheck {
  readonly asked?: Asked & { readonly own?: keyof Asked };
  /** The platform documents a body for 200 and 201: an empty one means that nothing was written. */
  readonly needsBody?: boolean;
  /** Reports whether the parsed body shows what was written; `false` means that it shows something else. */
  readonly shows?: (body: unknown) => boolean | undefined;
  readonly hint?: string | undefined;
}

/**
 * Returns normally only when the answer means that the write was done. A page, an error body or another resource that arrives with
 * 200 does not: the marker that follows would stand for ever.
 *
 * @throws `GENESYS_FORBIDDEN` (not retryable), `GENESYS_BAD_RESPONSE` (retryable for 2xx).
 */
export function requireWritten(what: string, answer: ApiAnswer, check: WriteCheck = {}): void {
  const { asked, needsBody = false, shows, hint } = check;
  if (!WRITTEN.has(answer.status)) throw unexpectedAnswer(what, answer, hint);
  const notWritten = () =>
    unexpectedAnswer(what, answer, 'the answer does not say that the reference was written');
  if (answer.text.trim() === '') {
    if (needsBody && (answer.status === 200 || answer.status === 201)) throw notWritten();
    return;
  }
  const body = parseForeignJson(answer.text);
  // `undefined`: no JSON. A string is how the platform answers 202 for tags.
  const accepted = typeof body === 'string' && !needsBody && !/[<>]/.test(body) && !FAILED.test(body.trim());
  if (accepted) return;
  if (!isPlain(body)) throw notWritten();
  if (asked !== undefined) {
    const foreign = findForeignId(body, asked, asked.own);
    if (foreign !== undefined) throw foreignAnswer(what, answer, foreign);
  }
  const shown = shows?.(body);
  if (shown === false || saysFailure(body, shown === true)) throw notWritten();
  if (needsBody && shown !== true && shows !== undefined) throw notWritten();
}

/**
 * Reports whether a body of any make says that something failed. Pure.
 * @param affirmed the body shows what was written: a `message` beside it is only that.
 */
export function saysFailure(body: object, affirmed = false): boolean {
  for (const [name, value] of Object.entries(body)) {
    const word = name.toLowerCase().replaceAll(/[_-]/g, '');
    if (FAILURE_MEMBERS.has(word) && isSomething(value)) return true;
    if (SUCCESS_MEMBERS.has(word) && !isAffirmative(value)) return true;
    if (OUTCOME_MEMBERS.has(word) && isFailure(value)) return true;
    if (word === 'code' && typeof value === 'string' && ERROR_CODE.test(value)) return true;
    if (affirmed) continue;
    if (word === 'message' && typeof value === 'string' && value !== '') return true;
    if (WRAPPERS.has(word) && isPlain(value) && saysFailure(value, true)) return true;
  }
  return false;
}

function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSomething(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  return value !== null && value !== undefined && value !== false && value !== '' && value !== 0;
}

function isAffirmative(value: unknown): boolean {
  if (typeof value === 'string')
    return value !== '' && !/^(?:no?|0)$/i.test(value.trim()) && !FAILED.test(value);
  return Boolean(value);
}

function isFailure(value: unknown): boolean {
  if (value === false) return true;
  if (typeof value === 'number') return value >= 300 || value < 0;
  if (typeof value !== 'string') return false;
  return FAILED.test(value.trim()) || /^[3-5]\d\d\b/.test(value.trim());
}
