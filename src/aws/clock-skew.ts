/**
 * A clock that is wrong by minutes makes every signed request to AWS be refused, and not every refusal says so: the answer to a HEAD
 * has no body. The time in the answer tells.
 */

import { type ArchiveError, withHint } from '../errors.ts';
import { awsAnswerOf } from './answer.ts';

/** ms. AWS takes requests signed up to 5 minutes (S3: 15) before or after its own time; the AWS SDK corrects from 4 on. */
const MIN_SKEW_MS = 240_000;

/** What services answer to a request that was signed at another time than theirs. */
const SKEW_NAMES: ReadonlySet<string> = new Set([
  'RequestTimeTooSkewed',
  'RequestExpired',
  'RequestInTheFuture',
]);

export interface RefusedRequest {
  /** HTTP status. */
  readonly status: number | undefined;
  /** The service's name for the error, where the answer states one. */
  readonly name: string;
  /** Header `Date` of the answer. */
  readonly date: string | undefined;
  /** Header `Age`: a cache has answered, with a time of its own choice. */
  readonly age?: string | undefined;
  /** Epoch ms that the request was signed with. */
  readonly signedAt: number;
}

/**
 * How far the server's clock is ahead of the time a request was signed with, ms, where that may be why it was refused; `undefined`
 * otherwise.
 */
export function clockSkewOf({ status, name, date, age, signedAt }: RefusedRequest): number | undefined {
  const stated = SKEW_NAMES.has(name);
  if (!stated && status !== 400 && status !== 401 && status !== 403) return undefined;
  const ahead = age === undefined ? Date.parse(date ?? '') - signedAt : Number.NaN;
  if (Number.isNaN(ahead)) return undefined;
  return stated || Math.abs(ahead) >= MIN_SKEW_MS ? ahead : undefined;
}

/** Imperative, for the error that is left when a corrected request is refused as well. */
export function skewHint(aheadMs: number): string {
  const minutes = Math.round(Math.abs(aheadMs) / 60_000);
  const how = minutes === 0 ? '' : ` by ${minutes} minutes (it is ${aheadMs > 0 ? 'slow' : 'fast'})`;
  return `the clock of this machine is wrong${how}: set it, e.g. by NTP (chronyc makestep, w32tm /resync), and run it again`;
}

/** A client of the AWS SDK, which signs with `Date.now() + systemClockOffset`. */
export interface SkewableClient {
  readonly config: {
    systemClockOffset: number;
    readonly disableClockSkewCorrection?: unknown;
  };
}

/** Epoch ms that a client signs its next request with. */
export function signingTime(client: SkewableClient | undefined): number {
  return Date.now() + (client?.config.systemClockOffset ?? 0);
}

/**
 * Makes a client sign with the server's time from now on.
 *
 * @returns false where its user has forbidden that (`AWS_DISABLE_CLOCK_SKEW_CORRECTION`).
 */
export async function correctClock(
  client: SkewableClient | undefined,
  { signedAt }: Pick<RefusedRequest, 'signedAt'>,
  aheadMs: number,
): Promise<boolean> {
  const disabled = client?.config.disableClockSkewCorrection;
  if (client === undefined || (typeof disabled === 'function' && (await disabled()) === true)) return false;
  client.config.systemClockOffset = signedAt + aheadMs - Date.now();
  return true;
}

/** Told of one request, before it is signed. */
export interface SentRequest {
  /**
   * @param error as the SDK throws it.
   * @param sorted the same as one of ours; `details.reason` is its name.
   * @returns an attempt to be repeated, when the clock may be why it was refused, and was not corrected before.
   * @throws `sorted` with a hint that names the clock, when it was.
   */
  refused(error: unknown, sorted: ArchiveError): Promise<{ readonly again: ArchiveError } | undefined>;
}

/** Lets one call of a client, with its retries, correct the clock once. */
export function withCorrectedClock<T>(
  client: SkewableClient | undefined,
  call: (correct: { begin(): SentRequest }) => Promise<T>,
): Promise<T> {
  let corrected = false;
  return call({
    begin: () => {
      const signedAt = signingTime(client);
      const offset = client?.config.systemClockOffset ?? 0;
      return {
        async refused(error, sorted) {
          const name = String(sorted.details['reason']);
          const aheadMs = clockSkewOf({ ...awsAnswerOf(error), name, signedAt });
          if (aheadMs === undefined) return undefined;
          const again = withHint(sorted, skewHint(aheadMs + offset));
          if (corrected || !(await correctClock(client, { signedAt }, aheadMs))) throw again;
          corrected = true;
          return { again };
        },
      };
    },
  });
}
