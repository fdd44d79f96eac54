/** Deploy settings about where an archive is kept: a bucket of its own, or a prefix of one that several share. */
import * as z from 'zod';

const ROLE = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

const role = z.string().regex(ROLE, 'is the ARN of a role');

/** What keys may begin with; each part of `/` to `/` is a name. */
const prefix = z
  .string()
  .max(100)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._=-]*(?:\/[A-Za-z0-9][A-Za-z0-9._=-]*)*$/, 'is names with slashes between');

/** A bucket, maybe of another account or region. */
export const replica = z.strictObject({
  bucketArn: z
    .string()
    .regex(/^arn:aws(?:-[a-z]+)*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is the ARN of a bucket'),
  account: z
    .string()
    .regex(/^\d{12}$/, 'has 12 digits')
    .optional(),
});

/** How long objects stay by their own writes, and after how many days a lifecycle rule of the bucket removes what has its tag. */
export const retention = z.strictObject({
  atWrite: z
    .string()
    .regex(
      /^(?!.*\b(audio|video|other)=.*\b\1=)(?:compliance|governance)(?: (?:audio|video|other)=[1-9]\d{0,4}){1,3}$/,
      'is what `genesys-archive retain rules` prints for rules by a lock',
    )
    .optional(),
  removeAfterDays: z
    .array(z.int().min(1).max(36_000))
    .max(100)
    .refine((all) => new Set(all).size === all.length, 'names a number of days twice')
    .default([]),
  /** The rules themselves, as a retention file has them: a function applies them each day. Checked by `retain rules` and by the function. */
  rules: z.looseObject({ by: z.enum(['compliance', 'governance', 'tags']) }).optional(),
  /** Roles that may tag what is stored; `retain apply` needs one of them. */
  taggers: z.array(role).max(20).default([]),
});

export type RetentionSettings = z.output<typeof retention>;

export const homeSettings = {
  /** Data keys are kept in records, in a bucket of their own, and maybe copied to another one without lock. */
  keyRecords: z.union([z.boolean(), z.strictObject({ replica: replica.optional() })]).optional(),
  /** What all keys begin with in a bucket that is shared. */
  prefix: prefix.optional(),
  /** The bucket of another stack, which is used instead of one of its own. */
  existingBucket: z
    .string()
    .regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, 'is the name of a bucket')
    .optional(),
  /** Rules of retention, as `genesys-archive retain rules` prints them for the stack. */
  retention: retention.optional(),
  /** Archives of other stacks in the bucket of this one. */
  sharedWith: z
    .array(
      z.strictObject({
        prefix,
        rewrapRole: role.optional(),
        sealRole: role.optional(),
        organizationId: z.uuid('is a UUID').optional(),
      }),
    )
    .max(50)
    .default([]),
} as const;

interface Home {
  readonly prefix?: string | undefined;
  readonly existingBucket?: string | undefined;
  readonly sharedWith: readonly { readonly prefix: string }[];
  readonly objectLock?: unknown;
  readonly replica?: unknown;
  readonly breakGlassRole?: unknown;
  readonly retention?: RetentionSettings | undefined;
  readonly environmentVariables?: Readonly<Record<string, string>> | undefined;
}

/** What contradicts itself about the bucket. */
export function findHomeProblems(home: Home): { readonly name: string; readonly text: string }[] {
  const { prefix: own, existingBucket, sharedWith } = home;
  const problems: { name: string; text: string }[] = [];
  const add = (name: string, text: string) => problems.push({ name, text });
  if (own === undefined) {
    const shares = existingBucket === undefined ? sharedWith.length > 0 && 'sharedWith' : 'existingBucket';
    if (shares !== false) add(shares, 'shares a bucket: set prefix, too');
  }
  if (existingBucket !== undefined) {
    for (const name of ['objectLock', 'replica', 'breakGlassRole'] as const) {
      if (home[name] !== undefined) add(name, 'belongs to the stack that has made the bucket: set it there');
    }
    if (sharedWith.length > 0)
      add('sharedWith', 'belongs to the stack that has made the bucket: set it there');
  }
  if (home.retention?.atWrite !== undefined && home.objectLock !== undefined)
    add('retention.atWrite', 'goes before objectLock at every write: leave one of them out');
  if (home.objectLock !== undefined && home.environmentVariables?.['ARCHIVE_QUARANTINE'] !== undefined)
    add('objectLock', 'locks what ARCHIVE_QUARANTINE has wait: lock by retention.atWrite instead');
  if (
    home.retention !== undefined &&
    home.retention.removeAfterDays.length > 0 &&
    existingBucket !== undefined
  )
    add('retention.removeAfterDays', 'belongs to the stack that has made the bucket: set it there');
  const all = [...(own === undefined ? [] : [own]), ...sharedWith.map((other) => other.prefix)];
  const within = all.find((one, index) =>
    all.some((other, place) => place !== index && `${one}/`.startsWith(`${other}/`)),
  );
  if (within !== undefined) add('sharedWith', `has a prefix that is, or lies in, another one: ${within}`);
  return problems;
}
