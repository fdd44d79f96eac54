import { ArchiveError } from '../errors.ts';
import { archiveQuery, type Me, meShape, sessionBody } from './api-schema.ts';
import { grantsOf } from './access.ts';
import { jsonAnswer, noContent } from './exchange.ts';
import { type Call, route, type Route } from './route.ts';
import { endOfSession, IDLE_MS, type Session, sessionCookie } from './session.ts';

function meOf({ state }: Pick<Call, 'state'>, session: Session): Me {
  const { name, signIn, roles, divisions } = session;
  return {
    name,
    signIn,
    roles: [...roles],
    grants: [...grantsOf(session)],
    divisions: divisions === '*' ? '*' : [...divisions],
    reasonRequired: state.reasonRequired,
    expiresAt: new Date(endOfSession(session)).toISOString(),
    idleMinutes: IDLE_MS / 60_000,
    archives: state.archives.flatMap((archive) => archive.name ?? []),
    version: PACKAGE_VERSION,
  };
}

export const SESSION_ROUTES: readonly Route[] = [
  route(
    {
      method: 'POST',
      path: '/api/session',
      needs: 'anyone',
      summary: 'exchanges the launch token of a laptop, once, for the cookie of a session',
      body: sessionBody,
      answers: [{ status: 201, shape: meShape }],
    },
    ({ state, request, body }) => {
      const person = state.signOn.redeem?.(body.token);
      if (person === undefined) {
        throw new ArchiveError('SIGN_IN_REQUIRED', 'the launch token is not valid, or was used already');
      }
      const session = state.sessions.begin(person, state.clock.now());
      const cookie = sessionCookie(
        state.cookies,
        state.sessions.seal(session),
        request.headers['user-agent'],
      );
      return Promise.resolve({ ...jsonAnswer(201, meOf({ state }, session)), cookie });
    },
  ),
  route(
    {
      method: 'GET',
      path: '/api/me',
      needs: 'signed-in',
      summary: 'who is signed in, and what they may do',
      query: archiveQuery,
      answers: [{ status: 200, shape: meShape }],
    },
    (call) => {
      const { state, session } = call;
      const renewed = state.sessions.renewed(session, state.clock.now()) ?? session;
      return Promise.resolve(jsonAnswer(200, meOf(call, renewed)));
    },
  ),
  route(
    {
      method: 'POST',
      path: '/auth/logout',
      needs: 'signed-in',
      summary: 'ends the session and its listens',
      answers: [{ status: 204 }],
    },
    ({ state, session, request }) => {
      state.sessions.revoke(session);
      state.listens.endSession(session);
      const cookie = sessionCookie(state.cookies, undefined, request.headers['user-agent']);
      return Promise.resolve({ ...noContent, cookie });
    },
  ),
];
