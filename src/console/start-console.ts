import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { listen } from '../listen.ts';
import { present } from '../present.ts';
import { answerRequest, type ConsoleDoor } from './answer-request.ts';
import { createNodeServer } from './node-adapter.ts';
import { type DoorEntry, type DoorOptions, openDoor } from './open-door.ts';
import { createSessionKeeper } from './session.ts';
import { launchSignOn } from './sign-on/launch-token.ts';
import type { SignOn } from './sign-on/sign-on.ts';

/** Only this machine: the console has the keys of the person who started it. */
const LOOPBACK = '127.0.0.1';
const TOKEN_BYTES = 32;
const KEY_BYTES = 32;
/** ms that answers under way have when the console is stopped. */
const GRACE_MS = 2_000;

export interface ConsoleOptions extends DoorOptions {
  /** 0 is any free one. */
  readonly port: number;
}

export interface LaptopOptions extends ConsoleOptions {
  /** Who started it, for the access log. */
  readonly who: string;
  /** Seals sessions, for tests; 32 bytes. @default random */
  readonly key?: Uint8Array;
  /** Puts another way to sign in around the launch token, for tests. */
  readonly wrapSignOn?: (launch: SignOn) => SignOn;
}

export interface SharedOptions extends ConsoleOptions {
  /** To listen on, such as 0.0.0.0 in a container. */
  readonly host: string;
  /** By which people open it: an origin. TLS ends before this process. */
  readonly address: string;
  readonly signOn: SignOn;
  /** Seals sessions; 32 bytes. */
  readonly sessionKey: Uint8Array;
  /** Epoch ms: sessions that began earlier are over. */
  readonly signOutBefore?: number;
}

export interface SharedConsole {
  /** Where it listens. */
  readonly url: string;
  /** Ends answers under way after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
}

export interface RunningConsole extends SharedConsole {
  /** With the launch token in its fragment; signs in once. */
  readonly launchUrl: string;
}

/**
 * The console on a laptop, for the person who starts it.
 *
 * @throws `USAGE` when the port is in use; `OUTPUT_FAILED` when the page’s files cannot be read.
 */
export async function startConsole(options: LaptopOptions): Promise<RunningConsole> {
  const { who, key = randomBytes(KEY_BYTES), wrapSignOn = (launch: SignOn) => launch } = options;
  const token = randomBytes(TOKEN_BYTES).toString('base64url');
  const running = await start(options, LOOPBACK, (port) => ({
    hosts: [`${LOOPBACK}:${port}`, `localhost:${port}`],
    scheme: 'http',
    signOn: wrapSignOn(launchSignOn(token, who)),
    sessions: createSessionKeeper({ key }),
    key,
    cookies: { port, sameSite: 'Strict' },
  }));
  return { ...running, launchUrl: `${running.url}/#token=${token}` };
}

/**
 * The console for several people, whom a provider signs in.
 *
 * @throws as {@link startConsole}.
 */
export function startSharedConsole(options: SharedOptions): Promise<SharedConsole> {
  const { host, address, signOn, sessionKey, signOutBefore } = options;
  const { host: name, protocol } = new URL(address);
  return start(options, host, () => ({
    hosts: [name],
    scheme: protocol === 'http:' ? 'http' : 'https',
    signOn,
    sessions: createSessionKeeper({ key: sessionKey, ...present({ notBefore: signOutBefore }) }),
    key: sessionKey,
    // the provider sends people back from another site
    cookies: { port: undefined, sameSite: 'Lax' },
  }));
}

async function start(
  options: ConsoleOptions,
  host: string,
  entryAt: (port: number) => DoorEntry,
): Promise<SharedConsole> {
  const open = await openDoor(options);
  let door: ConsoleDoor | undefined;
  const server = createNodeServer((request) =>
    door === undefined ? Promise.reject(new Error('not listening')) : answerRequest(door, request),
  );
  const { port, url } = await listen(server, { host, port: options.port });
  door = open(entryAt(port));
  return { url, stop: (graceMs = GRACE_MS) => stop(server, graceMs) };
}

function stop(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
    setTimeout(() => server.closeAllConnections(), graceMs).unref();
  });
}
