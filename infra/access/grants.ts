import type * as iam from 'aws-cdk-lib/aws-iam';
import { givePolicy } from './roles.ts';
import type { ArchiveConditions } from '../conditions.ts';
import type { ArchiveResources } from './policies.ts';
import type { Statement } from './statement.ts';

/** What one role may do, once the ARNs of the keys are known. */
export interface Grant {
  readonly role: iam.Role;
  readonly statements: (about: ArchiveResources) => readonly Statement[];
}

/** ARNs of the keys of a stack; `*` where the policy of that key is made. */
export interface KeyArns {
  /** Of recordings. */
  readonly key: string;
  /** Of receipts, where it is in KMS. */
  readonly signing?: string | undefined;
  /** Of the log, where there is one. */
  readonly log?: string | undefined;
  /** Of restore drills, where there are any. */
  readonly drill?: string | undefined;
}

/** Whom the policy of a key lets in. */
export interface KeyUser {
  readonly role: iam.IRole;
  /** Of its IAM policy, the one about the key. */
  readonly statement: Statement;
}

/** Makes what the statements are about. */
export type DescribeResources = (keys: KeyArns) => ArchiveResources;

/** Stands for the key of recordings where the policy of another one is made. */
const OTHER_KEY = 'the other key';

/** The key names the roles and their policies name the key: its policy is made first, and theirs when it has an ARN. */
export class Grants {
  readonly #grants: readonly Grant[];
  readonly #describe: DescribeResources;
  readonly #conditions: ArchiveConditions;

  constructor(grants: readonly Grant[], describe: DescribeResources, conditions: ArchiveConditions) {
    this.#grants = grants;
    this.#describe = describe;
    this.#conditions = conditions;
  }

  /** Whom the policy of that key lets in. */
  usersOf(key: keyof KeyArns): readonly KeyUser[] {
    const others = { key: OTHER_KEY };
    return this.#usersOf(this.#describe({ ...others, [key]: '*' }));
  }

  /** Gives each role its policy. @returns that of each, by its role. */
  give(keys: KeyArns): ReadonlyMap<iam.Role, iam.Policy> {
    const about = this.#describe(keys);
    return new Map(
      this.#grants.map(
        ({ role, statements }) => [role, givePolicy(role, statements(about), this.#conditions)] as const,
      ),
    );
  }

  /** Of the key whose ARN is `*` there. */
  #usersOf(about: ArchiveResources): readonly KeyUser[] {
    return this.#grants.flatMap(({ role, statements }) =>
      statements(about)
        .filter(isAboutKey)
        .map((statement) => ({ role, statement })),
    );
  }
}

/** Of the role, which has been given one. */
export function requirePolicy(policies: ReadonlyMap<iam.Role, iam.Policy>, role: iam.Role): iam.Policy {
  const policy = policies.get(role);
  if (policy === undefined) throw new Error(`no policy was made for ${role.node.path}`);
  return policy;
}

function isAboutKey({ Action, Resource }: Statement): boolean {
  return Resource.includes('*') && Action.some((action) => action.startsWith('kms:'));
}
