/** Where people come from and what their groups may do: the file that `ARCHIVE_CONSOLE_SIGN_ON` names. Pure. */
import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { parseForeignJson } from '../../json.ts';
import { ROLES } from '../api-schema.ts';

/** The claim of the provider’s answer that lists groups, where the file names no other. */
const DEFAULT_GROUPS_CLAIM = 'groups';
const DEFAULT_SCOPE = 'openid profile email';

const secure = z.string().refine(isSecure, { error: 'is no https address without user, query and fragment' });
const groupsClaim = z.string().min(1).default(DEFAULT_GROUPS_CLAIM);

const fileSchema = z
  .strictObject({
    /** By which people open the console; TLS ends there or before it. */
    address: secure.refine((text) => URL.canParse(text) && new URL(text).pathname === '/', {
      error: 'has a path; the console has a host name of its own',
    }),
    oidc: z
      .strictObject({
        issuer: secure,
        clientId: z.string().min(1),
        scope: z.string().min(1).default(DEFAULT_SCOPE),
        groupsClaim,
      })
      .exactOptional(),
    alb: z
      .strictObject({
        /** ARN of the load balancer that signs people in. */
        arn: z
          .string()
          .regex(
            /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/app\/[\w-]+\/[0-9a-f]+$/,
          ),
        issuer: secure,
        clientId: z.string().min(1),
        groupsClaim,
      })
      .exactOptional(),
    groups: z.record(
      z.string().min(1),
      z.strictObject({
        roles: z.array(z.enum(ROLES)).min(1),
        divisions: z.union([z.literal('*'), z.array(z.guid()).min(1)]),
      }),
    ),
    /** Sessions that began earlier are over. */
    signOutBefore: z.iso.datetime().exactOptional(),
  })
  .refine(({ oidc, alb }) => (oidc === undefined) !== (alb === undefined), {
    error: 'has neither or both of oidc and alb; one of them signs people in',
  });

export type SignOnFile = z.output<typeof fileSchema>;
export type GroupGrants = SignOnFile['groups'];

/** @throws `CONFIG_INVALID` with the names of the members that are wrong. */
export function parseSignOnFile(text: string, name: string): SignOnFile {
  const json = parseForeignJson(text);
  if (json === undefined) throw new ArchiveError('CONFIG_INVALID', `${name} is no JSON`);
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new ArchiveError('CONFIG_INVALID', `${name} is no sign-on file: ${wrong.join('; ')}`, {
    hint: 'docs/console-sign-on.md shows one',
  });
}

/** Plain http is for a provider on this machine, in tests. */
function isSecure(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password, search, hash } = new URL(text);
  const local = protocol === 'http:' && (hostname === '127.0.0.1' || hostname === 'localhost');
  return (protocol === 'https:' || local) && `${username}${password}${search}${hash}` === '';
}
