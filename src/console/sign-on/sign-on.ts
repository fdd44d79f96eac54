import type { Person } from '../access.ts';
import type { ConsoleAnswer, ConsoleRequest } from '../exchange.ts';

/** How people sign in. What an adapter does not offer, the console answers with 404. */
export interface SignOn {
  readonly kind: 'launch' | 'oidc' | 'alb';
  /** Where a browser begins to sign in; `undefined` where there is no such place. */
  readonly loginPath?: string;
  /** `POST /api/session`: who brings this token, once. */
  redeem?(token: string): Person | undefined;
  /** `GET /auth/login`: sends the browser to the provider. */
  login?(request: ConsoleRequest): Promise<ConsoleAnswer>;
  /** `GET /auth/callback`: who comes back from there. @throws `SIGN_IN_REQUIRED`. */
  callback?(request: ConsoleRequest): Promise<{ readonly person: Person; readonly answer: ConsoleAnswer }>;
  /** Where something before the console has signed people in: who asks. @throws `SIGN_IN_REQUIRED`. */
  identify?(request: ConsoleRequest): Promise<Person>;
}
