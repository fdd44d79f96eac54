import type { Budget, Clock } from '../clock.ts';
import { ArchiveError, type ErrorDetails } from '../errors.ts';
import { readText } from '../http/read-body.ts';
import { GENESYS_RETRIES, isTransientStatus } from '../http/retry-timing.ts';
import type { Transport } from '../http/transport.ts';
import { type Attempt, withRetry } from '../http/with-retry.ts';
import type { Logger } from '../log.ts';
import { present } from '../present.ts';
import type { TokenSource } from './oauth.ts';
import { createRateBudget, type RateBudget, readRateReport } from './rate-budget.ts';
import { errorCode, readCorrelationId, retryPause } from './responses.ts';

/** Bytes. The largest answers hold wave forms and chat transcripts of some hours; anything larger is no answer. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

export interface ApiRequest {
  readonly method: 'GET' | 'PATCH' | 'PUT' | 'POST' | 'DELETE';
  /** Path segments, encoded one by one: an id can never change the path it stands in. */
  readonly path: readonly string[];
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
  /** The platform's own error code, where it gave one. */
  readonly errorCode: string | undefined;
  readonly correlationId: string | undefined;
}

export interface GenesysApi {
  /**
   * One call of the platform API, with token, retries and deadline.
   *
   * @returns any answer that is final: 2xx, and 4xx other than 401, 408 and 429, for the caller to interpret.
   * @throws `GENESYS_AUTH_REJECTED` when a renewed token is refused too; `GENESYS_THROTTLED`, `GENESYS_UNAVAILABLE`,
   *   `OUT_OF_TIME` (retryable).
   */
  call(request: ApiRequest, budget: Budget): Promise<ApiAnswer>;
}

export interface ApiOptions {
  readonly apiUrl: string;
  readonly tokens: TokenSource;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Shared by everything that uses the same OAuth client; default a whole one of its own. */
  readonly rate?: RateBudget;
}

export function createGenesysApi(options: ApiOptions): GenesysApi {
  const { tokens, clock, logger } = options;
  const rate = options.rate ?? createRateBudget({ clock });
  return {
    async call(request, budget) {
      const what = `${request.method} ${request.path.slice(0, 3).join('/')}`;
      let renewed = false;
      return withRetry({ clock, logger, budget, policy: GENESYS_RETRIES, what }, async () => {
        for (;;) {
          const token = await tokens.token(budget);
          await rate.acquire(budget);
          const outcome = await exchange({ ...options, rate }, request, token, budget);
          if (!('unauthorized' in outcome)) return outcome;
          tokens.reject(token);
          if (renewed) {
            throw new ArchiveError('GENESYS_AUTH_REJECTED', `${what}: a fresh token was refused too (401)`, {
              details: outcome.unauthorized,
            });
          }
          renewed = true;
        }
      });
    },
  };
}

async function exchange(
  { transport, clock, apiUrl, rate }: ApiOptions & { readonly rate: RateBudget },
  request: ApiRequest,
  token: string,
  budget: Budget,
): Promise<Attempt<ApiAnswer> | { readonly unauthorized: ErrorDetails }> {
  const url = new URL(`/${request.path.map(encodeURIComponent).join('/')}`, apiUrl);
  if (request.query !== undefined) url.search = new URLSearchParams(request.query).toString();
  try {
    const response = await transport.send({
      method: request.method,
      url,
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'application/json',
        ...present({ 'content-type': request.body === undefined ? undefined : 'application/json' }),
      },
      ...present({ body: request.body === undefined ? undefined : JSON.stringify(request.body) }),
      signal: budget.signal,
      failure: 'GENESYS_UNAVAILABLE',
    });
    const text = await readText(response.body, MAX_ANSWER_BYTES, 'GENESYS_BAD_RESPONSE');
    const { status, headers } = response;
    const correlationId = readCorrelationId(headers);
    rate.observe(readRateReport(headers));
    if (status === 401) return { unauthorized: { status, correlationId, errorCode: errorCode(text) } };
    if (status === 429 || isTransientStatus(status)) {
      const code = status === 429 ? 'GENESYS_THROTTLED' : 'GENESYS_UNAVAILABLE';
      const again = new ArchiveError(code, `${request.method} was answered with ${status}`, {
        details: { status, host: url.host, correlationId, errorCode: errorCode(text) },
      });
      const retryAfterMs = retryPause(headers, clock.now());
      // what is not waited for here must not make the others wait either
      const bearable = retryAfterMs !== undefined && retryAfterMs <= GENESYS_RETRIES.maxRetryAfterMs;
      if (status === 429 && bearable) rate.pause(retryAfterMs);
      return { again, retryAfterMs };
    }
    const said = status >= 400 ? errorCode(text) : undefined;
    return { value: { status, text, errorCode: said, correlationId } };
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'GENESYS_UNAVAILABLE') return { again: error };
    throw error;
  }
}

/** The error for a final answer that means the same for every call: 403, other 4xx, or a body that is not understood. */
export function unexpectedAnswer(
  what: string,
  { status, errorCode, correlationId }: ApiAnswer,
  hint?: string,
): ArchiveError {
  const details = { status, errorCode, correlationId };
  if (status === 403) {
    const said = errorCode === undefined ? '' : `, ${errorCode}`;
    return new ArchiveError('GENESYS_FORBIDDEN', `${what}: forbidden (403${said})`, {
      details,
      ...present({ hint }),
    });
  }
  return new ArchiveError('GENESYS_BAD_RESPONSE', `${what}: unexpected answer (${status})`, {
    details,
    // the same request will be refused the same way, unless the platform's answer was itself a fault
    retryable: status < 400 || status >= 500,
  });
}
