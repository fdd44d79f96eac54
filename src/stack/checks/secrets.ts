import * as z from 'zod';
import { parseForeignJson } from '../../json.ts';
import { Secret } from '../../secret.ts';
import type { AwsClients } from '../aws-clients.ts';
import { sortAwsFailure } from '../aws-failure.ts';
import { fail, type Diagnosis, ok } from '../diagnosis.ts';

const client = z.object({ clientId: z.string().min(1), clientSecret: z.string().min(1) });

export interface OAuthClient {
  readonly clientId: string;
  readonly clientSecret: Secret;
}

/** The OAuth client that the function uses. Throws what the SDK throws. */
export async function readCredentials(
  clients: AwsClients,
  secretArn: string,
  signal: AbortSignal,
): Promise<{ readonly findings: readonly Diagnosis[]; readonly credentials: OAuthClient | undefined }> {
  const name = 'credentials';
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager');
  const manager = await clients.secretsManager();
  const put = `aws secretsmanager put-secret-value --secret-id ${secretArn} --secret-string file://credentials.json`;
  let text: string;
  try {
    const { SecretString } = await manager.send(new GetSecretValueCommand({ SecretId: secretArn }), {
      abortSignal: signal,
    });
    text = SecretString ?? '';
  } catch (error) {
    // a secret that was made without a value is "not found", too
    if (sortAwsFailure(error).kind !== 'missing') throw error;
    return { findings: [fail(name, 'the secret has no value yet', put)], credentials: undefined };
  }
  const parsed = client.safeParse(parseForeignJson(text));
  if (!parsed.success) {
    const finding = fail(name, 'the secret is not {"clientId": "…", "clientSecret": "…"}', put);
    return { findings: [finding], credentials: undefined };
  }
  const { clientId, clientSecret } = parsed.data;
  return {
    findings: [ok(name, 'the secret holds an OAuth client')],
    credentials: { clientId, clientSecret: new Secret(clientSecret) },
  };
}

interface SecretToCheck {
  /** Of the finding. */
  readonly name: string;
  readonly secretArn: string;
  /** A command. */
  readonly howToMake: string;
}

/** Checks that a secret has a value; it is not read. Throws what the SDK throws. */
export async function checkSecret(
  clients: AwsClients,
  { name, secretArn, howToMake }: SecretToCheck,
  signal: AbortSignal,
): Promise<readonly Diagnosis[]> {
  const { DescribeSecretCommand } = await import('@aws-sdk/client-secrets-manager');
  const manager = await clients.secretsManager();
  const { VersionIdsToStages = {}, DeletedDate } = await manager.send(
    new DescribeSecretCommand({ SecretId: secretArn }),
    { abortSignal: signal },
  );
  if (DeletedDate !== undefined) {
    return [
      fail(name, 'the secret is being deleted', `aws secretsmanager restore-secret --secret-id ${secretArn}`),
    ];
  }
  const current = Object.values(VersionIdsToStages).some((stages) => stages.includes('AWSCURRENT'));
  if (current) return [ok(name, 'the secret has a value')];
  const put = `aws secretsmanager put-secret-value --secret-id ${secretArn} --secret-string file://FILE`;
  return [fail(name, 'the secret has no value yet', `${howToMake}, then ${put}`)];
}
