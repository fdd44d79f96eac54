/** What the secrets of this program hold. A problem is said without repeating any of it. */
import type { Budget } from '../clock.ts';
import type { CredentialSettings } from '../config/rules/secrets.ts';
import { credentialId, credentialSecret, secretList } from '../config/values/values.ts';
import { ArchiveError } from '../errors.ts';
import { Secret } from '../secret.ts';
import type { SecretValues } from './values.ts';

export interface ClientCredentials {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/**
 * The OAuth client, from wherever the settings say it is.
 *
 * @param fresh what was given before has been refused, and may have been exchanged since.
 * @throws `SECRET_INVALID` (not retryable), and what {@link SecretValues.read} throws.
 */
export function readClientCredentials(
  settings: CredentialSettings,
  secrets: SecretValues,
): (budget: Budget, fresh: boolean) => Promise<ClientCredentials> {
  if (!('secretArn' in settings)) return () => Promise.resolve(settings);
  const { secretArn } = settings;
  return async (budget, fresh) => {
    const fields = parseFields(await secrets.read(secretArn, budget, { fresh }));
    if (fields === undefined) throw invalid('GENESYS_SECRET_ARN', 'holds no JSON object');
    return {
      clientId: take('GENESYS_SECRET_ARN', 'clientId', credentialId.safeParse(fields['clientId'])),
      clientSecret: take(
        'GENESYS_SECRET_ARN',
        'clientSecret',
        credentialSecret.safeParse(fields['clientSecret']),
      ),
    };
  };
}

/**
 * The secrets of the HTTP entry that are active.
 *
 * @throws as {@link readClientCredentials}.
 */
export function readWebhookSecrets(
  settings: { readonly secrets: readonly Secret[]; readonly secretArn?: string | undefined },
  secrets: SecretValues,
): (budget: Budget) => Promise<readonly Secret[]> {
  const { secretArn } = settings;
  if (secretArn === undefined) return () => Promise.resolve(settings.secrets);
  return async (budget) => {
    const text = textOrField(await secrets.read(secretArn, budget), 'webhookSecret');
    return take('ARCHIVE_WEBHOOK_SECRET_ARN', 'webhookSecret', secretList.safeParse(text));
  };
}

/** The key that signs receipts, in PEM. */
export async function readSigningKey(arn: string, secrets: SecretValues, budget: Budget): Promise<Secret> {
  const secret = await secrets.read(arn, budget);
  const text = textOrField(secret, 'privateKey');
  if (typeof text === 'string') return text === secret.reveal() ? secret : new Secret(text);
  throw invalid('ARCHIVE_SIGNING_KEY_SECRET_ARN', 'has no privateKey that is text');
}

/** The whole secret, or a field of it where it is a JSON object. */
function textOrField(secret: Secret, name: string): unknown {
  const fields = parseFields(secret);
  return fields === undefined ? secret.reveal().trim() : fields[name];
}

function parseFields(secret: Secret): Readonly<Record<string, unknown>> | undefined {
  try {
    // a file that PowerShell wrote begins with a byte order mark, and so does a secret that was made of it
    const parsed: unknown = JSON.parse(secret.reveal().replace(/^\uFEFF/, ''));
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

function take<T>(
  setting: string,
  field: string,
  result: { readonly success: true; readonly data: T } | { readonly success: false },
): T {
  if (result.success) return result.data;
  throw invalid(setting, `has no ${field}, or one that is malformed`);
}

function invalid(setting: string, problem: string): ArchiveError {
  return new ArchiveError('SECRET_INVALID', `the secret of ${setting} ${problem}`);
}
