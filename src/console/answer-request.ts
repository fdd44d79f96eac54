import type * as z from 'zod';
import { type Budget, unlimited } from '../clock.ts';
import { ArchiveError, toArchiveError } from '../errors.ts';
import { parseForeignJson } from '../json.ts';
import { present } from '../present.ts';
import { grantsOf } from './access.ts';
import type { ConsoleArchive } from './console-archive.ts';
import type { ConsoleState } from './console-state.ts';
import type { ConsoleAnswer, ConsoleRequest } from './exchange.ts';
import { refuseForeign, SECURITY_HEADERS } from './guard.ts';
import { errorAnswer } from './http-status.ts';
import { notThere } from './not-there.ts';
import { matchPath, type Route } from './routes/route.ts';
import { readSessionCookie, type Session, sessionCookie } from './session.ts';
import type { StaticFiles } from './static-files.ts';

export interface ConsoleDoor {
  readonly state: ConsoleState;
  readonly routes: readonly Route[];
  readonly files: StaticFiles;
  /** Names that the console is asked by, with their ports. */
  readonly hosts: readonly string[];
  readonly scheme: 'http' | 'https';
}

/** For health checks: without a session, without a look at the host, without a body. */
const HEALTH_PATH = '/health';

/** Answers one request; failures are answers. */
export async function answerRequest(door: ConsoleDoor, request: ConsoleRequest): Promise<ConsoleAnswer> {
  const answer = await answerOwn(door, request).catch((thrown: unknown) => {
    const error = toArchiveError(thrown);
    if (error.code === 'UNEXPECTED') door.state.logger.log('error', error.message, { code: error.code });
    return errorAnswer(error);
  });
  return {
    ...answer,
    headers: { 'cache-control': 'no-store', ...answer.headers, ...SECURITY_HEADERS },
  };
}

async function answerOwn(door: ConsoleDoor, request: ConsoleRequest): Promise<ConsoleAnswer> {
  // a load balancer names the target's address as host; it learns that something answers, and nothing else
  if (request.path === HEALTH_PATH && isRead(request)) return { status: 200, headers: {} };
  const refusal = refuseForeign(request, door);
  if (refusal !== undefined) throw refusal;
  const { route, params } = findRoute(door.routes, request) ?? {};
  if (route === undefined || params === undefined) {
    const { loginPath } = door.state.signOn;
    if (loginPath !== undefined && request.path === '/' && !isSignedIn(door.state, request)) {
      return { status: 303, headers: { location: loginPath } };
    }
    const file = isRead(request) ? await door.files.answer(request) : undefined;
    if (file !== undefined) return file;
    throw new ArchiveError('NO_SUCH_ROUTE', 'there is nothing at this address');
  }
  const { state } = door;
  const { session: known, isNew } = await findSession(state, request, route);
  if (route.needs !== 'anyone' && known === undefined) {
    throw new ArchiveError('SIGN_IN_REQUIRED', 'the request has no session, or its session is over');
  }
  const grants = known === undefined ? new Set<never>() : grantsOf(known);
  if (route.needs !== 'anyone' && route.needs !== 'signed-in' && !grants.has(route.needs)) {
    await noteRefusal(state, route, known, params);
    throw new ArchiveError('NOT_ALLOWED', `your roles do not grant \`${route.needs}\``);
  }
  const query = parse(route.query, queryOf(request.query), 'the query');
  const body = route.body === undefined ? undefined : parse(route.body, await jsonOf(request), 'the body');
  const budget: Budget = { deadline: Number.POSITIVE_INFINITY, signal: request.signal };
  const chosen = chooseArchive(state.archives, query, body);
  const answer = await route.handle({
    state,
    request,
    // a route for anyone does not look at it
    session: known as Session,
    grants,
    archive: known === undefined ? chosen : await state.archiveFor(known, chosen, budget),
    params,
    query: query as never,
    body: body as never,
    budget,
  });
  const renewed =
    known === undefined || answer.cookie !== undefined
      ? undefined
      : isNew
        ? known
        : state.sessions.renewed(known, state.clock.now());
  if (renewed === undefined) return answer;
  const userAgent = request.headers['user-agent'];
  return { ...answer, cookie: sessionCookie(state.cookies, state.sessions.seal(renewed), userAgent) };
}

/** Records that a person was refused, where the access log would have recorded the act. */
async function noteRefusal(
  state: ConsoleState,
  { entry: action }: Route,
  session: Session | undefined,
  { id }: Readonly<Record<string, string>>,
): Promise<void> {
  const [first] = state.archives;
  if (action === undefined || session === undefined || first === undefined) return;
  const archive = await state.archiveFor(session, first, unlimited);
  const subject = id?.slice(0, 200);
  await state.access.note(archive, session, { action, outcome: 'refused', ...present({ subject }) });
}

const isRead = ({ method }: ConsoleRequest) => method === 'GET' || method === 'HEAD';

function findRoute(routes: readonly Route[], request: ConsoleRequest) {
  const found = routes.flatMap((route) => {
    const params = matchPath(route.path, request.path);
    return params === undefined ? [] : [{ route, params }];
  });
  const method = request.method === 'HEAD' ? 'GET' : request.method;
  return found.find(({ route }) => route.method === method);
}

/** Where something before the console signs people in, each request says who asks: a browser may have changed hands. */
async function findSession(
  state: ConsoleState,
  request: ConsoleRequest,
  { needs }: Route,
): Promise<{ readonly session?: Session | undefined; readonly isNew?: boolean }> {
  const now = state.clock.now();
  const cookie = readSessionCookie(request.headers['cookie'], state.cookies.port);
  const session = cookie === undefined ? undefined : state.sessions.open(cookie, now);
  if (state.signOn.identify === undefined || needs === 'anyone') return { session };
  const person = await state.signOn.identify(request);
  if (session?.sub === person.sub) return { session: { ...session, ...person } };
  return { session: state.sessions.begin(person, now), isNew: true };
}

function isSignedIn({ sessions, cookies, clock }: ConsoleState, { headers }: ConsoleRequest): boolean {
  const cookie = readSessionCookie(headers['cookie'], cookies.port);
  return cookie !== undefined && sessions.open(cookie, clock.now()) !== undefined;
}

/** One value is a text, several of one name are a list. */
function queryOf(query: URLSearchParams): Record<string, string | string[]> {
  const values: Record<string, string | string[]> = {};
  for (const name of new Set(query.keys())) {
    const all = query.getAll(name);
    values[name] = all.length === 1 ? (all[0] ?? '') : all;
  }
  return values;
}

async function jsonOf(request: ConsoleRequest): Promise<unknown> {
  const bytes = await request.body();
  const value = parseForeignJson(bytes.toString('utf8'));
  if (value === undefined) throw new ArchiveError('REQUEST_INVALID', 'the body is no JSON');
  return value;
}

/** @throws `REQUEST_INVALID`, with the names of the members that are wrong, and none of their values. */
function parse(schema: z.ZodType | undefined, value: unknown, what: string): unknown {
  if (schema === undefined) {
    const isEmpty = Object.keys(value as object).length === 0;
    if (isEmpty) return {};
    throw new ArchiveError('REQUEST_INVALID', `${what} has members that this address does not take`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.slice(0, 5).map(({ path, code, message }) => {
    const place = path.join('.');
    // of unknown members zod names the names alone; their values it repeats nowhere
    return code === 'unrecognized_keys' ? message : `${place === '' ? what : place}: ${message}`;
  });
  throw new ArchiveError('REQUEST_INVALID', `${what} is not what this address takes: ${wrong.join('; ')}`);
}

function chooseArchive(archives: readonly ConsoleArchive[], ...named: readonly unknown[]): ConsoleArchive {
  const names = named.map((one) => (one as { archive?: string } | undefined)?.archive);
  const name = names.find((one) => one !== undefined);
  const found = name === undefined ? archives[0] : archives.find((one) => one.name === name);
  if (found === undefined) throw notThere('such archive');
  return found;
}
