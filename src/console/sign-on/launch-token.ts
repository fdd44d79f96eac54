import { createHash, timingSafeEqual } from 'node:crypto';
import type { Person } from '../access.ts';
import type { SignOn } from './sign-on.ts';

/**
 * Signs in the person who started the console on this machine: the token stands in the fragment of the address that is printed, which no
 * browser sends and no log sees, and is good for one exchange.
 *
 * @param token 256 bits or more.
 */
export function launchSignOn(token: string, name: string): SignOn {
  let left: string | undefined = token;
  const person: Person = { sub: name, name, signIn: 'launch', roles: [], divisions: '*' };
  return {
    kind: 'launch',
    redeem: (given) => {
      if (left === undefined || !isSame(left, given)) return undefined;
      left = undefined;
      return person;
    },
  };
}

/** In a time that does not depend on where they differ. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
