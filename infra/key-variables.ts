/** Variables of functions that say which keys sign. */
import type * as kms from 'aws-cdk-lib/aws-kms';
import type * as secrets from 'aws-cdk-lib/aws-secretsmanager';
import type { GenesysMediaArchiveProps } from './archive-props.ts';
import { type ArchiveConditions, chooseString } from './conditions.ts';
import { present } from '../src/present.ts';

interface Keys {
  readonly signingKeySecret: secrets.CfnSecret | undefined;
  readonly signingKey: kms.CfnKey | undefined;
  readonly logKey: kms.CfnKey | undefined;
  readonly drillKey: kms.CfnKey | undefined;
}

export function signingVariables(
  { signingKeySecret: secret, signingKey: key }: Pick<Keys, 'signingKeySecret' | 'signingKey'>,
  { signingSecret, signingKms }: ArchiveConditions,
): Readonly<Record<string, string>> {
  return {
    ...(secret === undefined
      ? {}
      : { ARCHIVE_SIGNING_KEY_SECRET_ARN: chooseString(signingSecret, secret.ref) }),
    ...(key === undefined ? {} : { ARCHIVE_SIGNING_KMS_KEY_ID: chooseString(signingKms, key.attrArn) }),
  };
}

export function sealVariables(
  seal: GenesysMediaArchiveProps['seal'],
  { logKey: key, drillKey }: Pick<Keys, 'logKey' | 'drillKey'>,
): Readonly<Record<string, string>> {
  if (seal === undefined || key === undefined) return {};
  const { origin, secondStore, lock } = seal;
  return {
    ARCHIVE_PROOF_ORIGIN: origin,
    ARCHIVE_PROOF_KMS_KEY_ID: key.attrArn,
    ...present({
      ARCHIVE_DRILL_KMS_KEY_ID: drillKey?.attrArn,
      ARCHIVE_PROOF_SECOND_STORE: secondStore,
      ARCHIVE_PROOF_LOCK: lock === undefined ? undefined : `${lock.mode}:${lock.days}`,
    }),
  };
}
