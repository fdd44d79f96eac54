/** Deploy settings about who may do what, and about parts that cost money and are off by default. docs/deployment.md describes them. */
import * as z from 'zod';
import { catalogueSettings } from './catalogue.ts';
import { consoleSettings } from './console.ts';
import { jobsSettings } from './jobs.ts';
import { type homeSettings, replica } from './home.ts';
import { sealSettings } from './seal.ts';
import { verificationSettings } from './verification.ts';

const PRINCIPAL =
  /^arn:aws(?:-[a-z]+)*:(?:iam|sts)::\d{12}:(?:root|(?:role|user|assumed-role)\/[\w+=,.@/-]{1,512})$/;
const ROLE = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;

const principals = z
  .array(
    z.string().regex(PRINCIPAL, 'is the ARN of a role, a user or an account (arn:aws:iam::ACCOUNT:root)'),
  )
  .max(20)
  .default([]);

export const hardeningSettings = {
  /** Who may assume the role that restores and verifies. */
  auditors: principals,
  /** Who may assume the role that moves data keys to another KMS key. */
  rewrappers: principals,
  /** Who may assume the role that releases recordings from quarantine. */
  releasers: principals,
  /** Who may assume the role that erases. */
  erasers: principals,
  /** These roles are assumed with multi-factor authentication only. */
  requireMfa: z.boolean().default(false),
  /** Only `breakGlassRole` deletes or overwrites objects. `false` leaves that to IAM policies alone. */
  protectObjects: z.boolean().default(true),
  /** The one role that may delete, overwrite and unlock objects. */
  breakGlassRole: z.string().regex(ROLE, 'is the ARN of a role').optional(),
  /** Who may read the secrets of the stack besides the function. */
  secretReaders: principals,
  /** Concurrent invocations for webhooks; `null` reserves none. */
  webhookConcurrency: z.int().min(1).max(1_000).nullable().default(5),
  /** Webhooks come in through an API Gateway instead of a Function URL. */
  apiGateway: z.boolean().default(false),
  /** A web ACL of AWS WAF in front of the API Gateway. */
  webAclArn: z
    .string()
    .regex(
      /^arn:aws(?:-[a-z]+)*:wafv2:[a-z0-9-]+:\d{12}:regional\/webacl\/[^\s]+$/,
      'is the ARN of a regional web ACL',
    )
    .optional(),
  /** The function runs in a VPC of its own, with a fixed address to the outside. */
  vpc: z.boolean().default(false),
  /** A KMS key of the account, and not AWS's own keys, encrypts queues, logs, secrets and the topic. */
  customerKeys: z.boolean().default(false),
  /** Records every access to objects and every use of keys, with alarms. */
  auditTrail: z.boolean().default(false),
  /** A function that works on jobs, such as a backfill, and how. */
  jobs: z.union([z.boolean(), jobsSettings]).default(false),
  /** A function that keeps the catalogue up to date, and a table of Athena over it. */
  catalogue: z.union([z.boolean(), catalogueSettings]).default(false),
  /** A function that fetches what the platform knows of each day's conversations. */
  facts: z.boolean().default(false),
  /** The console for several people, a function behind CloudFront, and how. */
  console: z
    .union([z.boolean(), consoleSettings])
    .default(false)
    .transform((value) => (value === true ? consoleSettings.parse({}) : value)),
  /** A function that compares each day with the platform, and seals it in a log. */
  seal: sealSettings.optional(),
  /** A function that verifies another sample of the archive each day, and how. */
  verification: z.union([z.boolean(), verificationSettings]).default(true),
  /** A bucket, maybe of another account or region, that gets a copy of every object. */
  replica: replica.optional(),
} as const;

/** Settings that `init` asks no question about. */
export type HardeningSetting = keyof typeof hardeningSettings | keyof typeof homeSettings;

/** Parts that are of no use without another one. */
export function findMissingParts({
  webhook,
  apiGateway,
  webAclArn,
  console,
  catalogue,
  facts,
  releasers,
  environmentVariables: { ARCHIVE_FACTS: factsFrom, ARCHIVE_QUARANTINE: quarantine } = {},
}: {
  readonly console: unknown;
  readonly webhook: boolean;
  readonly apiGateway: boolean;
  readonly webAclArn?: string | undefined;
  readonly catalogue: boolean | object;
  readonly facts: boolean;
  readonly releasers: readonly string[];
  readonly environmentVariables?: Readonly<Record<string, string>> | undefined;
}): { readonly name: string; readonly text: string }[] {
  return [
    ...(console !== false && !catalogue
      ? [{ name: 'console', text: 'searches the catalogue: set catalogue, too' }]
      : []),
    ...(apiGateway && !webhook ? [{ name: 'apiGateway', text: 'takes webhooks: set webhook, too' }] : []),
    ...(webAclArn !== undefined && !apiGateway
      ? [{ name: 'webAclArn', text: 'stands before an API Gateway: set apiGateway, too' }]
      : []),
    ...(facts && factsFrom !== undefined && factsFrom !== 'analytics'
      ? [{ name: 'facts', text: `fetches facts, which ARCHIVE_FACTS=${factsFrom} keeps none of` }]
      : []),
    ...(releasers.length > 0 && quarantine === undefined
      ? [
          {
            name: 'releasers',
            text: 'release from quarantine: set ARCHIVE_QUARANTINE in environmentVariables, too',
          },
        ]
      : []),
    // contexts are sealed for the ids of recordings: a role that opens them could be given the data keys of recordings
    ...(catalogue && factsFrom === 'context'
      ? [
          {
            name: 'catalogue',
            text: 'cannot open what is beside recordings, as ARCHIVE_FACTS=context wants: run `genesys-archive catalogue update` with a role that reads recordings',
          },
        ]
      : []),
  ];
}
