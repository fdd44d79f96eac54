import { randomBytes } from 'node:crypto';
import { type Clock, systemClock } from '../../clock.ts';
import { ArchiveError } from '../../errors.ts';
import { present } from '../../present.ts';
import type { Secret } from '../../secret.ts';
import { albSignOn } from './alb.ts';
import { discoverOidc } from './oidc.ts';
import type { SignOn } from './sign-on.ts';
import { parseSignOnFile } from './sign-on-file.ts';

const KEY_BYTES = 32;
const KEY_MS = 10_000;
/** A public key in PEM has 178. */
const MAX_KEY_LENGTH = 4_096;

export interface SignOnSettings {
  /** Its text, and its name for messages. */
  readonly file: { readonly text: string; readonly name: string };
  readonly clientSecret: Secret | undefined;
  readonly sessionKey: Secret | undefined;
  readonly clock?: Clock;
}

export interface OpenedSignOn {
  readonly address: string;
  readonly signOn: SignOn;
  /** 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** Epoch ms. */
  readonly signOutBefore?: number;
}

/**
 * Makes ready what signs people in, and asks an OpenID provider for its addresses.
 *
 * @throws `CONFIG_INVALID`; `PROVIDER_UNAVAILABLE` (retryable).
 */
export async function openSignOn(settings: SignOnSettings): Promise<OpenedSignOn> {
  const { file, clientSecret, clock = systemClock } = settings;
  const { address, oidc, alb, groups, signOutBefore } = parseSignOnFile(file.text, file.name);
  const sessionKey =
    settings.sessionKey === undefined
      ? randomBytes(KEY_BYTES)
      : Buffer.from(settings.sessionKey.reveal(), 'hex');
  const opened = {
    address,
    sessionKey,
    ...present({ signOutBefore: signOutBefore === undefined ? undefined : Date.parse(signOutBefore) }),
  };
  if (alb !== undefined) {
    const signOn = albSignOn({ balancer: alb, groups, fetchKey, now: () => clock.now() });
    return { ...opened, signOn };
  }
  if (oidc === undefined || clientSecret === undefined) {
    throw new ArchiveError('CONFIG_INVALID', 'an OpenID provider needs ARCHIVE_CONSOLE_CLIENT_SECRET');
  }
  const signOn = await discoverOidc({
    address,
    provider: oidc,
    groups,
    clientSecret,
    key: sessionKey,
    clock,
  });
  return { ...opened, signOn };
}

/** @throws `PROVIDER_UNAVAILABLE` (retryable). */
async function fetchKey(url: string): Promise<string | undefined> {
  const failed = () =>
    new ArchiveError('PROVIDER_UNAVAILABLE', 'the public keys of load balancers cannot be read from AWS');
  try {
    const answer = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(KEY_MS) });
    if (answer.status === 403 || answer.status === 404) return undefined;
    const text = await answer.text();
    if (answer.ok && text.length <= MAX_KEY_LENGTH) return text;
  } catch {
    // thrown below: a cause of fetch may name addresses
  }
  throw failed();
}
