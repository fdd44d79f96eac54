import type { CfnCondition } from 'aws-cdk-lib';
import * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge.ts';
import { onlyWhen } from '../conditions.ts';

const NO_ROTATION =
  'Its value is issued elsewhere, so that no function of this stack could rotate it; docs/runbook.md says how people do.';

/**
 * Secrets without a value: a template shows what it holds to all who may read it. They are under the account's own key for
 * secrets, so that reading one takes no `kms:Decrypt`. The webhook's is there even without a webhook, which can then be switched on
 * and off without losing it.
 */
export class ArchiveSecrets extends Construct {
  readonly #all: secrets.CfnSecret[] = [];
  readonly credentials = this.#secret(
    'Credentials',
    'OAuth client of Genesys Cloud: {"clientId": "…", "clientSecret": "…"}',
  );
  readonly signingKey: secrets.CfnSecret | undefined;
  readonly backfill: secrets.CfnSecret | undefined;
  readonly console: secrets.CfnSecret | undefined;
  readonly webhook = this.#secret('Webhook', 'Secret of the signatures of webhooks; a comma separates two');

  /** @param props `signingKey`: the key that signs receipts is in a secret, too. */
  constructor(
    scope: Construct,
    id: string,
    props: {
      readonly signingKey: boolean;
      readonly signingKeyCondition?: CfnCondition | undefined;
      /** An OAuth client of backfills. */
      readonly backfill: boolean;
      /** How people sign in to the console. */
      readonly console: boolean;
    },
  ) {
    super(scope, id);
    if (props.signingKey) {
      this.signingKey = this.#secret('SigningKey', 'Ed25519 private key (PEM, PKCS#8) that signs receipts');
      onlyWhen(props.signingKeyCondition, this.signingKey);
    }
    if (props.backfill) {
      this.backfill = this.#secret(
        'Backfill',
        'OAuth client of Genesys Cloud for backfills: {"clientId": "…", "clientSecret": "…"}',
      );
    }
    if (props.console) {
      this.console = this.#secret(
        'Console',
        'How people sign in to the console: {"signOn": {…}, "clientSecret": "…", "sessionKey": "…"}',
      );
    }
  }

  /**
   * Only `readers` read the values, and `signers` that of the signing key as well, administrators of the account excluded. Who may change the policy of a secret can change that, and
   * CloudTrail has it.
   */
  limitReading(
    readers: readonly string[],
    signers: readonly string[],
    ofConsole: readonly string[] = [],
  ): void {
    for (const secret of this.#all) {
      const allowed =
        secret === this.console ? ofConsole : secret === this.signingKey ? [...readers, ...signers] : readers;
      const policy = new secrets.CfnResourcePolicy(this, `${secret.node.id}Policy`, {
        secretId: secret.ref,
        blockPublicPolicy: true,
        resourcePolicy: {
          Version: '2012-10-17',
          Statement: [
            {
              Sid: 'DenyReading',
              Effect: 'Deny',
              Principal: '*',
              Action: ['secretsmanager:GetSecretValue', 'secretsmanager:BatchGetSecretValue'],
              Resource: '*',
              Condition: { ArnNotEquals: { 'aws:PrincipalArn': allowed } },
            },
          ],
        },
      });
      onlyWhen(secret.cfnOptions.condition, policy);
    }
  }

  get arns(): readonly string[] {
    return this.#all.map(({ ref }) => ref);
  }

  /** Under a key of the account instead of AWS's own. */
  encryptWith(keyArn: string): void {
    for (const secret of this.#all) secret.kmsKeyId = keyArn;
  }

  #secret(id: string, description: string): secrets.CfnSecret {
    const secret = new secrets.CfnSecret(this, id, { description });
    this.#all.push(secret);
    acknowledge(secret, { 'AwsSolutions-SMG4': NO_ROTATION });
    return secret;
  }
}
