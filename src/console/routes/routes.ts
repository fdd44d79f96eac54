/** Every route of the console, in the order of its documentation (`docs/console-api.md`, generated from here). */
import { ABOUT_ROUTES } from '../about.ts';
import { ACCESS_ROUTES } from './access.ts';
import { COMPLETENESS_ROUTES } from '../completeness.ts';
import { EVIDENCE_ROUTES } from '../evidence.ts';
import { HOLD_ROUTES } from '../holds.ts';
import { LISTEN_ROUTES } from '../listens.ts';
import { PEAKS_ROUTES } from '../peaks/peaks-routes.ts';
import { RECORDINGS_ROUTES } from './recordings.ts';
import type { Route } from './route.ts';
import { SESSION_ROUTES } from './session.ts';
import { TRANSCRIPT_ROUTES } from '../transcript.ts';
import { VERIFICATION_ROUTES } from '../verification.ts';
import { WORK_ROUTES } from '../work.ts';

export const ROUTES: readonly Route[] = [
  ...SESSION_ROUTES,
  ...RECORDINGS_ROUTES,
  ...VERIFICATION_ROUTES,
  ...PEAKS_ROUTES,
  ...TRANSCRIPT_ROUTES,
  ...LISTEN_ROUTES,
  ...COMPLETENESS_ROUTES,
  ...WORK_ROUTES,
  ...HOLD_ROUTES,
  ...EVIDENCE_ROUTES,
  ...ACCESS_ROUTES,
  ...ABOUT_ROUTES,
];
