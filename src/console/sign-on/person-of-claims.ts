/** What a provider says of a person becomes what the person may do. Pure. */
import { ArchiveError } from '../../errors.ts';
import type { Person } from '../access.ts';
import type { Role } from '../api-schema.ts';
import type { GroupGrants } from './sign-on-file.ts';

const MAX_NAME_LENGTH = 200;

/**
 * A person without a group that the file names has no role, and may do nothing. Roles of several groups are joined where their divisions
 * are the same, and divisions where their roles are: another mixture would grant a role in divisions that no group grants it in.
 *
 * @throws `SIGN_IN_REQUIRED` without a subject; `NOT_ALLOWED` for groups that cannot be joined.
 */
export function personOf(
  claims: Readonly<Record<string, unknown>>,
  groups: GroupGrants,
  groupsClaim: string,
): Person {
  const { sub } = claims;
  if (typeof sub !== 'string' || sub === '') {
    throw new ArchiveError('SIGN_IN_REQUIRED', 'the provider names no subject (sub)');
  }
  const own = namesIn(claims[groupsClaim]).flatMap((name) =>
    Object.hasOwn(groups, name) ? (groups[name] ?? []) : [],
  );
  return { sub, name: nameOf(claims, sub), signIn: 'provider', ...join(own) };
}

function join(own: readonly GroupGrants[string][]): Pick<Person, 'roles' | 'divisions'> {
  const [first, ...others] = own;
  if (first === undefined) return { roles: [], divisions: [] };
  const sameRoles = others.every(({ roles }) => isSameSet(roles, first.roles));
  const sameDivisions = others.every(({ divisions }) => isSameSet(divisions, first.divisions));
  if (!sameRoles && !sameDivisions) {
    throw new ArchiveError('NOT_ALLOWED', 'your groups grant different roles in different divisions', {
      hint: 'ask for one group that states both; docs/console-sign-on.md says how groups are joined',
    });
  }
  const roles: Role[] = [...new Set(own.flatMap((group) => group.roles))];
  if (own.some(({ divisions }) => divisions === '*')) return { roles, divisions: '*' };
  return { roles, divisions: [...new Set(own.flatMap(({ divisions }) => divisions))] };
}

function isSameSet(one: '*' | readonly string[], other: '*' | readonly string[]): boolean {
  if (one === '*' || other === '*') return one === other;
  const [a, b] = [new Set(one), new Set(other)];
  return a.size === b.size && [...a].every((item) => b.has(item));
}

/** Providers state one group as a text. */
function namesIn(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return [claim];
  return Array.isArray(claim) ? claim.filter((name) => typeof name === 'string') : [];
}

function nameOf({ name, preferred_username: user, email }: Readonly<Record<string, unknown>>, sub: string) {
  const isName = (one: unknown): one is string => typeof one === 'string' && one.trim() !== '';
  return ([name, user, email].find(isName) ?? sub).slice(0, MAX_NAME_LENGTH);
}
