import { RemovalPolicy, Stack } from 'aws-cdk-lib';
import * as kms from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { GenesysMediaArchiveProps } from '../props/archive.ts';
import { onlyWhen } from '../conditions.ts';
import type { KeyArns, KeyUser } from '../access/grants.ts';

/**
 * What the administrators of the account may do with the key: everything but use it. `kms:CreateGrant` is missing too, for a grant
 * gives its use away. Who changes the key policy can change that, and CloudTrail has it.
 */
const ADMINISTRATION = [
  'kms:CancelKeyDeletion',
  'kms:CreateAlias',
  'kms:DeleteAlias',
  'kms:Describe*',
  'kms:Disable*',
  'kms:Enable*',
  'kms:Get*',
  'kms:List*',
  'kms:Put*',
  'kms:RevokeGrant',
  'kms:RotateKeyOnDemand',
  'kms:ScheduleKeyDeletion',
  'kms:TagResource',
  'kms:UntagResource',
  'kms:Update*',
] as const;

/** The keys of an archive, each where the settings ask for it. */
export interface ArchiveKeys {
  /** Of recordings. */
  readonly key: kms.CfnKey;
  readonly signingKey: kms.CfnKey | undefined;
  readonly logKey: kms.CfnKey | undefined;
  readonly drillKey: kms.CfnKey | undefined;
}

/** @param usersOf whom the policy of each key lets in. */
export function createKeys(
  scope: Construct,
  { signingKey, conditions = {}, seal }: Pick<GenesysMediaArchiveProps, 'signingKey' | 'conditions' | 'seal'>,
  usersOf: (key: keyof KeyArns) => readonly KeyUser[],
): ArchiveKeys {
  const key = createArchiveKey(scope, 'Key', () => usersOf('key'));
  const signs = signingKey === 'kms' || conditions.signingKms !== undefined;
  const signing = signs ? createSigningKey(scope, 'SigningKey', () => usersOf('signing')) : undefined;
  if (signing !== undefined) onlyWhen(conditions.signingKms, signing);
  const log = seal === undefined ? undefined : createLogKey(scope, 'LogKey', () => usersOf('log'));
  const drills = seal !== undefined && seal.drill !== false;
  const drill = drills ? createDrillKey(scope, 'DrillKey', () => usersOf('drill')) : undefined;
  return { key, signingKey: signing, logKey: log, drillKey: drill };
}

/**
 * The key that wraps the data key of every recording. It stays when the stack is deleted: without it, nothing in the archive can be
 * read again.
 */
function createArchiveKey(scope: Construct, id: string, users: () => readonly KeyUser[]): kms.CfnKey {
  return createKey(scope, id, users, {
    description: 'Wraps the data keys of archived recordings',
    enableKeyRotation: true,
  });
}

/**
 * The key that signs receipts. It stays when the stack is deleted: its public half can be asked of it as long as it is there. KMS does
 * not rotate such keys; docs/keys.md says how people do.
 */
function createSigningKey(scope: Construct, id: string, users: () => readonly KeyUser[]): kms.CfnKey {
  return createKey(scope, id, users, {
    description: 'Signs the receipts of archived recordings',
    keySpec: 'ECC_NIST_EDWARDS25519',
    keyUsage: 'SIGN_VERIFY',
  });
}

/** The key that signs the log: another one than that of receipts, so that what archives cannot seal. It stays when the stack is deleted. */
function createLogKey(scope: Construct, id: string, users: () => readonly KeyUser[]): kms.CfnKey {
  return createKey(scope, id, users, {
    description: 'Signs the log of the archive',
    keySpec: 'ECC_NIST_EDWARDS25519',
    keyUsage: 'SIGN_VERIFY',
  });
}

/** The key that signs the reports of restore drills, and nothing else. It stays when the stack is deleted. */
function createDrillKey(scope: Construct, id: string, users: () => readonly KeyUser[]): kms.CfnKey {
  return createKey(scope, id, users, {
    description: 'Signs the reports of restore drills',
    keySpec: 'ECC_NIST_EDWARDS25519',
    keyUsage: 'SIGN_VERIFY',
  });
}

function createKey(
  scope: Construct,
  id: string,
  users: () => readonly KeyUser[],
  props: Omit<kms.CfnKeyProps, 'keyPolicy'>,
): kms.CfnKey {
  const { account, partition } = Stack.of(scope);
  const root = { AWS: `arn:${partition}:iam::${account}:root` };
  const key = new kms.CfnKey(scope, id, {
    ...props,
    pendingWindowInDays: 30,
    keyPolicy: {
      Version: '2012-10-17',
      Statement: [
        { Sid: 'Administer', Effect: 'Allow', Principal: root, Action: ADMINISTRATION, Resource: '*' },
        ...users().map((user) => useStatement(user, root)),
      ],
    },
  });
  key.applyRemovalPolicy(RemovalPolicy.RETAIN);
  return key;
}

/**
 * Lets the policy of one role speak for the key, under the same conditions, and that of no one else: the account is the principal,
 * but only with that role.
 */
function useStatement({ role, statement }: KeyUser, root: object): object {
  const { Sid, Effect, Action, Condition } = statement;
  return {
    // several roles may have statements of one name
    Sid: `${Sid}As${role.node.id}`,
    Effect,
    Principal: root,
    Action,
    Resource: '*',
    Condition: { ...Condition, ArnEquals: { 'aws:PrincipalArn': role.roleArn } },
  };
}
