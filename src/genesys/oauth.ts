import { abortReason, type Budget, type Clock, startBudget, waitFor } from '../clock.ts';
import { ArchiveError } from '../errors.ts';
import { readText } from '../http/read-body.ts';
import { GENESYS_RETRIES, isTransientStatus } from '../http/retry-timing.ts';
import type { Transport } from '../http/transport.ts';
import { type Attempt, withRetry } from '../http/with-retry.ts';
import type { Logger } from '../log.ts';
import { parseJsonObject, readCorrelationId, retryPause } from './responses.ts';

/** A token this close to its end is not used for a new call: it could expire on the way. */
const RENEW_BEFORE_EXPIRY_MS = 60_000;

/** Time for one token, retries and the pauses a throttling server asks for included, ms. */
const TOKEN_REQUEST_MS = 300_000;

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: { reveal(): string };
}

export interface OAuthOptions {
  /** e.g. `https://login.mypurecloud.com`; the token path is appended. */
  readonly loginUrl: string;
  /** @param fresh what was given before has been refused, and may have been exchanged since. */
  readonly credentials: (budget: Budget, fresh: boolean) => Promise<OAuthClient>;
  /** Sent as `scope` in the form body; `undefined` sends credentials as HTTP Basic and no scope. */
  readonly scope: string | undefined;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface TokenSource {
  /** A token that is good for at least another minute. */
  token(budget: Budget): Promise<string>;
  /**
   * Says that the platform refused `token`: the next {@link token} call fetches another one, once for all callers, with
   * credentials that are read anew.
   */
  reject(token: string): void;
}

interface CachedToken {
  readonly value: string;
  /** Epoch ms. */
  readonly goodUntil: number;
}

/**
 * OAuth 2.0 client credentials (RFC 6749, section 4.4) with a cache that outlives warm invocations. However many callers ask
 * at once, one request is in flight.
 */
export function createTokenSource(options: OAuthOptions): TokenSource {
  const { clock, logger } = options;
  let cached: CachedToken | undefined;
  let inFlight: Promise<CachedToken> | undefined;
  /** Why there is no token yet: says more to a caller who runs out of time than that it did. */
  let lastFailure: ArchiveError | undefined;
  /** A token was refused since the credentials were read. */
  let doubtful = false;

  /** Owned by no caller: one that gives up must not take the token from the others. */
  async function fetchToken(): Promise<CachedToken> {
    const { budget, end } = startBudget(clock, clock.now() + TOKEN_REQUEST_MS);
    try {
      const requestedAt = clock.now();
      const answer = await withRetry(
        { clock, logger, budget, policy: GENESYS_RETRIES, what: 'token request' },
        async () => {
          const client = await options.credentials(budget, doubtful);
          const attempt = await requestToken(options, client, budget).catch(async (error: unknown) => {
            const newer = doubtful ? client : await findNewer(options, client, error, budget);
            if (newer === client) throw error;
            logger.log('warn', 'the OAuth client was refused: trying the one that has replaced it');
            return requestToken(options, newer, budget);
          });
          doubtful = false;
          lastFailure = 'again' in attempt ? attempt.again : undefined;
          return attempt;
        },
      );
      const lifetimeMs = answer.expiresInS * 1000;
      logger.log('debug', 'token renewed', { lifetimeS: answer.expiresInS });
      // a token that lives less than two margins would otherwise never be used from the cache
      const marginMs = Math.min(RENEW_BEFORE_EXPIRY_MS, lifetimeMs / 2);
      cached = { value: answer.accessToken, goodUntil: requestedAt + lifetimeMs - marginMs };
      return cached;
    } finally {
      end();
      inFlight = undefined;
    }
  }

  return {
    async token(budget) {
      if (cached !== undefined && clock.now() < cached.goodUntil) return cached.value;
      if (budget.signal.aborted) throw abortReason(budget.signal);
      inFlight ??= fetchToken();
      try {
        return (await waitFor(inFlight, budget.signal)).value;
      } catch (error) {
        const outOfTime = error instanceof ArchiveError && error.code === 'OUT_OF_TIME';
        throw outOfTime ? (lastFailure ?? error) : error;
      }
    },
    reject(token) {
      if (cached?.value !== token) return;
      cached = undefined;
      doubtful = true;
    },
  };
}

/** Credentials that were exchanged since `client` was read, if that is why it was refused; else `client` itself. */
async function findNewer(
  options: OAuthOptions,
  client: OAuthClient,
  error: unknown,
  budget: Budget,
): Promise<OAuthClient> {
  if (!(error instanceof ArchiveError) || error.code !== 'GENESYS_AUTH_REJECTED') return client;
  const newer = await options.credentials(budget, true);
  const same =
    newer.clientId === client.clientId && newer.clientSecret.reveal() === client.clientSecret.reveal();
  return same ? client : newer;
}

interface TokenAnswer {
  readonly accessToken: string;
  readonly expiresInS: number;
}

/** `b64token` of RFC 6750, section 2.1: anything else could not be sent, or would be sent as something else. */
const BEARER_TOKEN = /^[A-Za-z0-9._~+/-]{1,16384}={0,2}$/;

/** Seconds. The platform issues tokens for 48 hours at most; one that claims to live for years would outlive every correction. */
const MAX_TOKEN_LIFETIME_S = 30 * 86_400;

/** The token, or what is wrong with the answer, without repeating any of it. Nothing of a wrong answer is kept. */
function readTokenAnswer(answer: Record<string, unknown> | undefined): TokenAnswer | string {
  if (answer === undefined) return 'is no JSON object';
  const { access_token: accessToken, token_type: type, expires_in: stated } = answer;
  if (typeof accessToken !== 'string' || accessToken === '') return 'holds no access_token';
  if (!BEARER_TOKEN.test(accessToken)) return 'holds an access_token that is no bearer token (RFC 6750)';
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer') return 'is not of the token_type Bearer';
  const isDigits = typeof stated === 'string' && /^\d{1,10}$/.test(stated);
  const expiresInS = typeof stated === 'number' || isDigits ? Number(stated) : Number.NaN;
  if (!(expiresInS >= 1)) return 'holds no usable expires_in';
  if (expiresInS > MAX_TOKEN_LIFETIME_S) return 'holds an expires_in of more than 30 days';
  return { accessToken, expiresInS };
}

async function requestToken(
  options: OAuthOptions,
  { clientId, clientSecret }: OAuthClient,
  budget: Budget,
): Promise<Attempt<TokenAnswer>> {
  const { scope, transport, clock } = options;
  const url = new URL('/oauth/token', options.loginUrl);
  const form = new URLSearchParams({ grant_type: 'client_credentials' });
  const headers: Record<string, string> = {
    'content-type': 'application/x-www-form-urlencoded',
    accept: 'application/json',
  };
  if (scope === undefined) {
    const pair = Buffer.from(`${clientId}:${clientSecret.reveal()}`, 'utf8').toString('base64');
    headers['authorization'] = `Basic ${pair}`;
  } else {
    form.set('client_id', clientId);
    form.set('client_secret', clientSecret.reveal());
    form.set('scope', scope);
  }
  try {
    const response = await transport.send({
      method: 'POST',
      url,
      headers,
      body: form.toString(),
      signal: budget.signal,
      failure: 'GENESYS_UNAVAILABLE',
    });
    const { status } = response;
    const text = await readText(response.body, 1024 * 1024, 'GENESYS_BAD_RESPONSE');
    const details = { status, host: url.host, correlationId: readCorrelationId(response.headers) };
    if (status === 400 || status === 401 || status === 403) {
      throw new ArchiveError(
        'GENESYS_AUTH_REJECTED',
        `Genesys Cloud refused the token request (${status}) for OAuth client ${clientId.slice(0, 8)}…`,
        { details },
      );
    }
    if (status === 429 || isTransientStatus(status)) {
      const code = status === 429 ? 'GENESYS_THROTTLED' : 'GENESYS_UNAVAILABLE';
      const again = new ArchiveError(code, `the token request was answered with ${status}`, { details });
      return { again, retryAfterMs: retryPause(response.headers, clock.now()) };
    }
    const answer = readTokenAnswer(status === 200 ? parseJsonObject(text) : undefined);
    if (typeof answer !== 'string') return { value: answer };
    throw new ArchiveError('GENESYS_BAD_RESPONSE', `the answer to the token request (${status}) ${answer}`, {
      details,
    });
  } catch (error) {
    if (error instanceof ArchiveError && error.code === 'GENESYS_UNAVAILABLE') return { again: error };
    throw error;
  }
}
