/** Signs people in with an OpenID provider: code flow with PKCE, state and nonce. The client is `openid-client`, a certified one. */
import * as oidc from 'openid-client';
import * as z from 'zod';
import { type Clock, systemClock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import type { Secret } from '../../secret.ts';
import type { ConsoleAnswer } from '../exchange.ts';
import { openText, sealText } from '../session.ts';
import { personOf } from './person-of-claims.ts';
import type { SignOn } from './sign-on.ts';
import type { GroupGrants, SignOnFile } from './sign-on-file.ts';

export const LOGIN_PATH = '/auth/login';
const CALLBACK_PATH = '/auth/callback';
const LOGIN_COOKIE = 'gma_console_login';
/** ms that a person has to sign in at the provider. */
const LOGIN_MS = 5 * 60_000;
/** s that one answer of the provider may take. */
const ANSWER_S = 10;

const loginSchema = z.strictObject({
  state: z.string(),
  nonce: z.string(),
  verifier: z.string(),
  /** Epoch ms. */
  until: z.int(),
});

export interface OidcOptions {
  readonly address: string;
  readonly provider: NonNullable<SignOnFile['oidc']>;
  readonly groups: GroupGrants;
  readonly clientSecret: Secret;
  /** Seals what a browser keeps while it is at the provider; 32 bytes. */
  readonly key: Uint8Array;
  readonly clock?: Clock;
}

/**
 * Asks the provider for its addresses.
 *
 * @throws `PROVIDER_UNAVAILABLE` (retryable); `CONFIG_INVALID` when what answers is no provider.
 */
export async function discoverOidc(options: OidcOptions): Promise<SignOn> {
  const { provider, clientSecret } = options;
  const execute = isLocal(provider.issuer) ? [oidc.allowInsecureRequests] : [];
  try {
    const configuration = await oidc.discovery(
      new URL(provider.issuer),
      provider.clientId,
      clientSecret.reveal(),
      undefined,
      { execute, timeout: ANSWER_S },
    );
    return oidcSignOn(configuration, options);
  } catch (error) {
    if (isUnreachable(error)) throw unavailable();
    throw new ArchiveError(
      'CONFIG_INVALID',
      'the issuer of the sign-on file does not answer as an OpenID provider',
      {
        hint: 'compare oidc.issuer with `issuer` of its /.well-known/openid-configuration',
      },
    );
  }
}

function oidcSignOn(configuration: oidc.Configuration, options: OidcOptions): SignOn {
  const { address, provider, groups, key, clock = systemClock } = options;
  const redirectUri = new URL(CALLBACK_PATH, address).href;
  return {
    kind: 'oidc',
    loginPath: LOGIN_PATH,
    login: async () => {
      const verifier = oidc.randomPKCECodeVerifier();
      const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
      const target = oidc.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: provider.scope,
        code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state,
        nonce,
      });
      const until = clock.now() + LOGIN_MS;
      const kept = sealText(key, JSON.stringify({ state, nonce, verifier, until }));
      return redirect(target.href, loginCookie(kept));
    },
    callback: async (request) => {
      const login = openLogin(key, request.headers['cookie'], clock.now());
      const current = new URL(redirectUri);
      current.search = request.query.toString();
      const claims = await redeem(configuration, current, login);
      const person = personOf(claims, groups, provider.groupsClaim);
      return { person, answer: redirect('/', loginCookie(undefined)) };
    },
  };
}

/** @throws `SIGN_IN_REQUIRED`; `PROVIDER_UNAVAILABLE` (retryable). */
async function redeem(
  configuration: oidc.Configuration,
  current: URL,
  { state, nonce, verifier }: z.output<typeof loginSchema>,
): Promise<Readonly<Record<string, unknown>>> {
  try {
    const tokens = await oidc.authorizationCodeGrant(configuration, current, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    return tokens.claims() ?? {};
  } catch (error) {
    if (isUnreachable(error)) throw unavailable();
    throw new ArchiveError('SIGN_IN_REQUIRED', `the provider did not sign you in${reasonOf(error)}`);
  }
}

/** A code of the protocol, such as `access_denied`; a provider’s sentences are its own. */
function reasonOf(error: unknown): string {
  if (!(error instanceof oidc.AuthorizationResponseError || error instanceof oidc.ResponseBodyError))
    return '';
  return /^[a-z_]{1,40}$/.test(error.error) ? ` (${error.error})` : '';
}

/** `fetch` throws a TypeError, and a time-out a DOMException, both as the cause of the client’s error or bare. */
function isUnreachable(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return [error, cause].some(
    (one) =>
      (one instanceof TypeError && one.message === 'fetch failed') ||
      (one instanceof DOMException && one.name === 'TimeoutError') ||
      (one as { code?: unknown } | undefined)?.code === 'OAUTH_TIMEOUT',
  );
}

function unavailable(): ArchiveError {
  return new ArchiveError('PROVIDER_UNAVAILABLE', 'the provider that signs people in cannot be reached');
}

/** @throws `SIGN_IN_REQUIRED` for a browser that did not begin here, or too long ago. */
function openLogin(key: Uint8Array, cookies: string | undefined, now: number) {
  const name = `__Secure-${LOGIN_COOKIE}=`;
  const found = (cookies ?? '').split(';').map((part) => part.trim());
  const value = found.find((part) => part.startsWith(name))?.slice(name.length);
  const text = value === undefined ? undefined : openText(key, value);
  const parsed = loginSchema.safeParse(text === undefined ? undefined : parseForeignJson(text));
  if (parsed.success && now < parsed.data.until) return parsed.data;
  throw new ArchiveError(
    'SIGN_IN_REQUIRED',
    'this browser did not begin to sign in here, or more than 5 minutes ago',
  );
}

/** For `/auth` alone; `Lax`, because the provider sends the browser back. */
function loginCookie(value: string | undefined): string {
  const age = value === undefined ? 0 : LOGIN_MS / 1_000;
  return `__Secure-${LOGIN_COOKIE}=${value ?? ''}; Path=/auth; HttpOnly; Secure; SameSite=Lax; Max-Age=${age}`;
}

function redirect(location: string, cookie: string): ConsoleAnswer {
  return { status: 303, headers: { location }, cookie };
}

const isLocal = (issuer: string) => new URL(issuer).protocol === 'http:';
