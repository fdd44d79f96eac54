import type * as iam from 'aws-cdk-lib/aws-iam';
import type * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import { ArchiveNetwork } from './archive-network.ts';
import type { GenesysMediaArchiveProps } from './archive-props.ts';
import { type ArchiveRoles, createRoles } from './archive-roles.ts';
import { ArchiveSecrets } from './archive-secrets.ts';
import { Console } from './console/console.ts';
import { Scheduled } from './scheduled/scheduled.ts';
import { createServiceKey } from './service-key.ts';

/** Who does something in an archive, and the key and network of the account that they do it with. */
export interface Principals extends ArchiveRoles {
  readonly scheduled: Scheduled;
  readonly console: Console | undefined;
  /** Roles that read the secret of the signing key, besides those of functions. */
  readonly signers: readonly iam.IRole[];
  readonly serviceKey: kms.Key | undefined;
  readonly network: ArchiveNetwork | undefined;
}

/** Makes the roles before anything that they are allowed to use. */
export function createPrincipals(scope: Construct, props: GenesysMediaArchiveProps): Principals {
  const roles = createRoles(scope, props, props.conditions ?? {});
  const scheduled = new Scheduled(scope, props);
  const console = props.console === undefined ? undefined : new Console(scope, 'Console', props.console);
  const signers = [roles.rewrapRole, ...(console === undefined ? [] : [console.role])];
  const serviceKey = props.customerKeys
    ? createServiceKey(scope, 'ServiceKey', {
        writer: roles.writerRole,
        signers: [...signers, ...scheduled.secretReaders],
      })
    : undefined;
  const network = props.vpc ? new ArchiveNetwork(scope, 'Network') : undefined;
  return { ...roles, scheduled, console, signers, serviceKey, network };
}

/** Makes the secrets, and lets only those read them who need to. */
export function createSecrets(
  scope: Construct,
  props: GenesysMediaArchiveProps,
  { writerRole, scheduled, console, signers, serviceKey }: Principals,
): ArchiveSecrets {
  const { conditions = {}, secretReaders = [] } = props;
  const held = new ArchiveSecrets(scope, 'Secrets', {
    signingKey: props.signingKey !== 'kms',
    signingKeyCondition: conditions.signingSecret,
    backfill: typeof props.jobs === 'object' && props.jobs.ownClient === true,
    console: console !== undefined,
  });
  held.limitReading(
    [...[writerRole, ...scheduled.secretReaders].map(({ roleArn }) => roleArn), ...secretReaders],
    signers.map(({ roleArn }) => roleArn),
    [console?.role.roleArn ?? '', ...secretReaders],
  );
  if (serviceKey !== undefined) held.encryptWith(serviceKey.keyArn);
  return held;
}
