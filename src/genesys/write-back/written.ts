import { parseForeignJson } from '../../json.ts';
import { type ApiAnswer, unexpectedAnswer } from '../api-client.ts';
import { type Asked, findForeignId, foreignAnswer } from '../answer-ids.ts';
import { readField } from '../responses.ts';

/** Statuses that a write may be answered with; 203, 206 or 207 mean that something else, or only a part, happened. */
const WRITTEN = new Set([200, 201, 202, 204]);

/** Words by which bodies of any make say that they are about a failure. */
const FAILED =
  /error|exception|\bfault|fail|reject|refus|denied|forbidden|unauthori|invalid|unavailable|unsuccess|abort|time[d_ -]{0,2}out|not.?found|^false$|^(?:ko|nok|no)$/i;

/** How names begin of members that only bodies about failures have: `errors`, `errorCode`, `exceptionMessage`, `failed`, `hasErrors`. */
const FAILURE_MEMBER = /^(?:has|is)?(?:err$|errs$|errcode|errmsg|errno|error|fault|fail|exception)/;

/** Members that say whether it went well. */
const SUCCESS_MEMBER = /^(?:is|was)?(?:success|successful|successfully|succeeded|ok)$/;

/** Members that say whether it was written, where their value is a plain no: elsewhere they are times or counts. */
const DONE_MEMBER = /^(?:is|was)?(?:written|updated|saved|stored|applied|accepted|acknowledged|done|merged)$/;

/** Members that say how it went. */
const OUTCOME_MEMBER =
  /^(?:http|response|request|api)?(?:status|statuscode|code|responsecode|result|resultcode|outcome|state)$/;

/** Members in which some gateways put what failed; others hold words of users. */
const WRAPPERS = new Set(['data', 'response', 'body', 'payload', 'result', 'details', 'meta', 'status']);

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
  if (!affirmed && isProblem(body)) return true;
  for (const [name, value] of Object.entries(body)) {
    const word = name.toLowerCase().replaceAll(/[_-]/g, '');
    if (FAILURE_MEMBER.test(word) && isSomething(value)) return true;
    if (SUCCESS_MEMBER.test(word) && !isAffirmative(value)) return true;
    if (DONE_MEMBER.test(word) && (value === false || value === 'false')) return true;
    if (OUTCOME_MEMBER.test(word) && isFailure(value)) return true;
    // as services of AWS name what they throw
    if (name === '__type') return true;
    if (word === 'code' && typeof value === 'string' && ERROR_CODE.test(value)) return true;
    if (affirmed) continue;
    if (word === 'message' && typeof value === 'string' && value !== '') return true;
    if (WRAPPERS.has(word) && isPlain(value) && saysFailure(value, true)) return true;
  }
  return false;
}

/** Reports whether a body is a problem of RFC 9457: a title, and what or where it is. */
function isProblem(body: object): boolean {
  const has = (name: string) => typeof readField(body, name) === 'string';
  return has('title') && (has('detail') || has('type') || has('instance'));
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
