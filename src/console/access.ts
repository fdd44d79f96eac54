/** Who may do what: roles × grants, and divisions. Pure. */
import type { Grant, Role } from './api-schema.ts';
import { GRANTS } from './api-schema.ts';

/** A person who has signed in. */
export interface Person {
  /** The same at every sign-in. */
  readonly sub: string;
  readonly name: string;
  /** `launch`: who started the console on this machine, and so has its keys in any case. */
  readonly signIn: 'launch' | 'provider';
  readonly roles: readonly Role[];
  readonly divisions: '*' | readonly string[];
}

const VIEWER = ['see'] as const;
const AUDITOR = [...VIEWER, 'listen', 'read', 'verify', 'reveal'] as const;

/** No role is the default: who has none may do nothing. */
export const GRANTS_OF_ROLE: Readonly<Record<Role, readonly Grant[]>> = {
  viewer: VIEWER,
  auditor: AUDITOR,
  custodian: [...AUDITOR, 'export', 'hold'],
  overseer: ['see', 'oversee'],
  operator: ['see', 'operate'],
};

/** What shows or plays what was said: an overseer watches those who may do so, and does not do so, with any other role. */
const NOT_FOR_OVERSEERS: readonly Grant[] = ['listen', 'read', 'reveal', 'export'];

export function grantsOf({ signIn, roles }: Pick<Person, 'signIn' | 'roles'>): ReadonlySet<Grant> {
  if (signIn === 'launch') return new Set(GRANTS);
  const granted = new Set(roles.flatMap((role) => GRANTS_OF_ROLE[role]));
  if (roles.includes('overseer')) for (const grant of NOT_FOR_OVERSEERS) granted.delete(grant);
  return granted;
}

/**
 * Reports whether a recording may be known of. Divisions that are not known are seen by those alone who see all.
 *
 * @param divisions of the recording; `null` where they are not known.
 */
export function seesDivisions(
  { divisions: own }: Pick<Person, 'divisions'>,
  divisions: readonly (string | null)[] | null,
): boolean {
  return own === '*' || (divisions ?? []).some((division) => division !== null && own.includes(division));
}
