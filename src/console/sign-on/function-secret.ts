/** What the function of the console needs to sign people in, in one secret of AWS Secrets Manager. Pure. */
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import { Secret } from '../../secret.ts';
import type { SignOnSettings } from './open-sign-on.ts';

const secretSchema = z.strictObject({
  /** The sign-on file. */
  signOn: z.record(z.string(), z.unknown()),
  clientSecret: z.string().min(1),
  sessionKey: z.string().regex(/^[0-9a-fA-F]{64}$/),
});

const NAME = 'the secret of the console';

/** @throws `CONFIG_INVALID` with the names of the members that are wrong, and none of their values. */
export function readFunctionSecret(secret: Secret): SignOnSettings {
  const parsed = secretSchema.safeParse(parseForeignJson(secret.reveal()));
  if (!parsed.success) {
    const names = parsed.error.issues.map(({ path }) => path.join('.') || 'the whole').slice(0, 5);
    throw new ArchiveError('CONFIG_INVALID', `${NAME} is not valid: ${names.join(', ')}`, {
      hint: 'it is JSON with signOn, clientSecret and sessionKey; docs/console-sign-on.md shows one',
    });
  }
  const { signOn, clientSecret, sessionKey } = parsed.data;
  if (signOn['oidc'] === undefined) {
    throw new ArchiveError('CONFIG_INVALID', `${NAME} names no OpenID provider (signOn.oidc)`, {
      hint: 'no load balancer stands before the function: it signs people in itself',
    });
  }
  return {
    file: { text: JSON.stringify(signOn), name: NAME },
    clientSecret: new Secret(clientSecret),
    sessionKey: new Secret(sessionKey),
  };
}
