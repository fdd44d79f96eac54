/** Every route of the console, in the order of its documentation (`docs/console-api.md`, generated from here). */
import { RECORDINGS_ROUTES } from './recordings-routes.ts';
import type { Route } from './route.ts';
import { SESSION_ROUTES } from './session-routes.ts';

export const ROUTES: readonly Route[] = [...SESSION_ROUTES, ...RECORDINGS_ROUTES];
