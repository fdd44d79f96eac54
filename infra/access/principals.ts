import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { GenesysMediaArchiveProps } from '../props/archive.ts';
import { type ArchiveRoles, createRoles } from './roles.ts';
import { ArchiveSecrets } from '../keys/secrets.ts';
import { Console } from '../console/console.ts';
import { Scheduled } from '../scheduled/scheduled.ts';
import { createServiceKey } from '../keys/service-key.ts';

/** Who works with an archive: its roles, and the functions that have their own. */
export interface Principals extends ArchiveRoles {
  readonly scheduled: Scheduled;
  readonly console: Console | undefined;
  /** The role that releases from quarantine, if there is one. */
  readonly releasers: readonly iam.Role[];
  /** The role that erases, if there is one. */
  readonly erasers: readonly iam.Role[];
  /** Read all secrets but that of the console. */
  readonly secretReaders: readonly iam.Role[];
  /** Read the secret of the signing key besides those. */
  readonly signers: readonly iam.Role[];
}

/** Makes the roles before anything that they are allowed to use: its policies name them. */
export function createPrincipals(scope: Construct, props: GenesysMediaArchiveProps): Principals {
  const roles = createRoles(scope, props, props.conditions ?? {});
  const releasers = listOf(roles.releaserRole);
  const erasers = listOf(roles.eraserRole);
  const scheduled = new Scheduled(scope, props);
  const console = props.console && new Console(scope, 'Console', props.console);
  return {
    ...roles,
    releasers,
    erasers,
    scheduled,
    console,
    signers: [roles.rewrapRole, ...erasers, ...listOf(console?.role)],
    secretReaders: [roles.writerRole, ...releasers, ...scheduled.secretReaders],
  };
}

/** Makes the key of everything but the recordings, where the account has one of its own. */
export function createKeyOfServices(
  scope: Construct,
  { customerKeys }: Pick<GenesysMediaArchiveProps, 'customerKeys'>,
  { writerRole, signers, releasers, scheduled }: Principals,
): kms.Key | undefined {
  if (customerKeys !== true) return undefined;
  return createServiceKey(scope, 'ServiceKey', {
    writer: writerRole,
    signers: [...signers, ...releasers, ...scheduled.secretReaders],
  });
}

/** Makes the secrets, and lets only those read them who need to. */
export function createSecrets(
  scope: Construct,
  props: GenesysMediaArchiveProps,
  { signers, secretReaders, console }: Principals,
  serviceKey: kms.IKey | undefined,
): ArchiveSecrets {
  const { conditions = {}, secretReaders: named = [] } = props;
  const held = new ArchiveSecrets(scope, 'Secrets', {
    signingKey: props.signingKey !== 'kms',
    signingKeyCondition: conditions.signingSecret,
    backfill: typeof props.jobs === 'object' && props.jobs.ownClient === true,
    console: console !== undefined,
  });
  held.limitReading(
    [...secretReaders.map(({ roleArn }) => roleArn), ...named],
    signers.map(({ roleArn }) => roleArn),
    [console?.role.roleArn ?? '', ...named],
  );
  if (serviceKey !== undefined) held.encryptWith(serviceKey.keyArn);
  return held;
}

const listOf = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);
