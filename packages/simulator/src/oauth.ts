import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { errorReply, jsonReply } from './genesys-errors.ts';
import type { Reply } from './reply.ts';

/** The scopes of the tutorial's dialect. */
export const SCOPES = ['media:view', 'interaction:metadata:update'] as const;
export type Scope = (typeof SCOPES)[number];

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface OAuthOptions {
  /** The first one is the one whose secret can be exchanged. */
  readonly clients: readonly OAuthClient[];
  readonly tokenLifetimeS: number;
  readonly now: () => number;
}

interface Token {
  readonly clientId: string;
  readonly expiresAt: number;
  readonly scopes: readonly string[];
  requests: number;
  windowStart: number;
}

export type TokenCheck =
  | { readonly valid: true; readonly token: Token }
  | { readonly valid: false; readonly reply: Reply };

/** The authorisation server: client credentials only, opaque tokens that expire and can be revoked. */
export class OAuthServer {
  readonly #options: OAuthOptions;
  readonly #secrets: Map<string, string>;
  readonly #tokens = new Map<string, Token>();

  constructor(options: OAuthOptions) {
    this.#options = options;
    this.#secrets = new Map(options.clients.map(({ clientId, clientSecret }) => [clientId, clientSecret]));
  }

  /** The first client has another secret from now on; tokens that were issued stay good. */
  exchangeSecret(secret: string): void {
    const [first] = this.#secrets.keys();
    if (first !== undefined) this.#secrets.set(first, secret);
  }

  /** Makes every token issued so far worthless, as when an administrator deletes them in the console. */
  revokeAll(): void {
    this.#tokens.clear();
  }

  /** Answers a token request (RFC 6749 section 4.4); credentials in the form body or as HTTP Basic. */
  issue(headers: IncomingHttpHeaders, body: string): Reply {
    if (!(headers['content-type'] ?? '').toLowerCase().startsWith('application/x-www-form-urlencoded'))
      return oauthRefusal(400, 'invalid_request', 'the body must be application/x-www-form-urlencoded');
    const form = new URLSearchParams(body);
    const basic = readBasic(headers.authorization);
    if (basic !== undefined && form.has('client_secret'))
      return oauthRefusal(400, 'invalid_request', 'more than one way of client authentication');
    if (form.get('grant_type') !== 'client_credentials')
      return oauthRefusal(400, 'unsupported_grant_type', 'only client_credentials is supported');
    const id = basic?.id ?? form.get('client_id') ?? '';
    const secret = basic?.secret ?? form.get('client_secret') ?? '';
    // both are compared, always: neither the answer nor its timing tells which one was wrong
    let clientId: string | undefined;
    for (const [knownId, known] of this.#secrets) {
      const [idMatches, secretMatches] = [equal(id, knownId), equal(secret, known)];
      if (idMatches && secretMatches) clientId = knownId;
    }
    if (clientId === undefined) return errorReply('oauth', 401);

    const requested = (form.get('scope') ?? '').split(' ').filter((scope) => scope !== '');
    if (requested.some((scope) => !SCOPES.some((known) => known === scope)))
      return oauthRefusal(400, 'invalid_scope', `known scopes: ${SCOPES.join(' ')}`);
    const scopes = requested.length === 0 ? [...SCOPES] : requested;
    const now = this.#options.now();
    for (const [value, token] of this.#tokens) if (token.expiresAt <= now) this.#tokens.delete(value);
    const value = randomBytes(32).toString('base64url');
    const expiresAt = now + this.#options.tokenLifetimeS * 1000;
    this.#tokens.set(value, { clientId, expiresAt, scopes, requests: 0, windowStart: now });
    return jsonReply(
      200,
      {
        access_token: value,
        token_type: 'Bearer',
        expires_in: this.#options.tokenLifetimeS,
        scope: scopes.join(' '),
      },
      { 'cache-control': 'no-store' },
    );
  }

  /** Checks the bearer token of a request for `scope`. Returns the reply that refuses it where it is not valid. */
  check(authorization: string | undefined, scope: Scope | undefined): TokenCheck {
    const refuse = (reply: Reply): TokenCheck => ({ valid: false, reply });
    const bearer = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (bearer === undefined)
      return refuse(
        errorReply('genesys', 401, {
          code: 'authentication.required',
          message: 'No authentication bearer token specified in authorization header.',
        }),
      );
    const token = this.#tokens.get(bearer);
    if (token === undefined || token.expiresAt <= this.#options.now())
      return refuse(errorReply('genesys', 401));
    if (scope !== undefined && !token.scopes.includes(scope))
      return refuse(
        errorReply('genesys', 403, {
          message: `Unable to perform the requested action. You are missing the following permission(s): ${scope}`,
        }),
      );
    return { valid: true, token };
  }
}

function oauthRefusal(status: number, code: string, message: string): Reply {
  return errorReply('oauth', status, { code, message });
}

function readBasic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString();
  const colon = decoded.indexOf(':');
  return colon < 0
    ? { id: decoded, secret: '' }
    : { id: decoded.slice(0, colon), secret: decoded.slice(colon + 1) };
}

function equal(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}

/** Requests a token may make in a minute; `client.credentials.token.rate.per.minute` of the platform's published limits. */
export const REQUESTS_PER_MINUTE = 300;

/** Counts one request of `token` and returns the platform's three headers about it. */
export function countRequest(
  token: Token,
  allowed: number,
  now: number,
): {
  readonly exceeded: boolean;
  readonly resetS: number;
  readonly headers: Readonly<Record<string, string>>;
} {
  if (now - token.windowStart >= 60_000) {
    token.windowStart = now;
    token.requests = 0;
  }
  token.requests += 1;
  const resetS = Math.max(1, Math.ceil((token.windowStart + 60_000 - now) / 1000));
  return {
    exceeded: token.requests > allowed,
    resetS,
    headers: {
      'inin-ratelimit-count': String(token.requests),
      'inin-ratelimit-allowed': String(allowed),
      'inin-ratelimit-reset': String(resetS),
    },
  };
}
