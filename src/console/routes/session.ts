import * as z from 'zod';
import { ArchiveError } from '../../errors.ts';
import { archiveQuery, type Me, meShape, sessionBody } from '../api-schema.ts';
import { grantsOf } from '../access.ts';
import { jsonAnswer, noContent } from '../exchange.ts';
import { type Call, route, type Route } from './route.ts';
import { endOfSession, IDLE_MS, type Session, sessionCookie } from '../session.ts';

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

/** Parameters are the provider’s; who signs people in looks at them. */
const providerQuery = z.record(z.string(), z.union([z.string(), z.array(z.string())]));

function noProvider(): ArchiveError {
  return new ArchiveError('NO_SUCH_ROUTE', 'no provider signs people in here', {
    hint: 'open the address that `genesys-archive console` prints when it starts',
  });
}

export const SESSION_ROUTES: readonly Route[] = [
  route(
    {
      method: 'GET',
      path: '/auth/login',
      needs: 'anyone',
      summary: 'sends the browser to the provider that signs people in, where there is one',
      answers: [{ status: 303, meaning: 'to the provider' }],
    },
    ({ state, request }) => {
      if (state.signOn.login === undefined) throw noProvider();
      return state.signOn.login(request);
    },
  ),
  route(
    {
      method: 'GET',
      path: '/auth/callback',
      needs: 'anyone',
      summary: 'where the provider sends the browser back to; begins a session',
      query: providerQuery,
      answers: [{ status: 303, meaning: 'to the page' }],
    },
    async ({ state, request }) => {
      if (state.signOn.callback === undefined) throw noProvider();
      const { person, answer } = await state.signOn.callback(request);
      const session = state.sessions.begin(person, state.clock.now());
      const own = sessionCookie(state.cookies, state.sessions.seal(session), request.headers['user-agent']);
      return { ...answer, cookie: [own, ...[answer.cookie ?? []].flat()] };
    },
  ),
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
