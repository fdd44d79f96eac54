/** Every route of the console, in the order of its documentation (`docs/console-api.md`, generated from here). */
import { LISTEN_ROUTES } from './listens.ts';
import { RECORDINGS_ROUTES } from './recordings-routes.ts';
import type { Route } from './route.ts';
import { SESSION_ROUTES } from './session-routes.ts';
import { VERIFICATION_ROUTES } from './verification.ts';

export const ROUTES: readonly Route[] = [
  ...SESSION_ROUTES,
  ...RECORDINGS_ROUTES,
  ...VERIFICATION_ROUTES,
  ...LISTEN_ROUTES,
];
