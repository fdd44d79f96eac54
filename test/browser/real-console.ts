/** Starts real consoles as processes of their own, and ends them. */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect, type Page } from '@playwright/test';
import type { Person } from '../../src/console/access.ts';
import type { FromConsole, Listening, ToConsole } from '../console-process/messages.ts';

export interface RealConsole extends Listening {
  /** Signs a person in, by an address with a token, as the launch address is one. */
  signIn(page: Page, person?: Partial<Person>): Promise<void>;
  /** For another browser to sign in with. */
  token(person: Partial<Person>): Promise<string>;
  close(): Promise<void>;
}

/** A console on an archive in memory (`test/console-process`). */
export async function startRealConsole(script: string): Promise<RealConsole> {
  const child = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const listening = await answerOf(child, 'listening');
  const tokenOf = async (person: Partial<Person>): Promise<string> => {
    const answer = answerOf(child, 'token');
    child.send({ person } satisfies ToConsole);
    return (await answer).token;
  };
  return {
    ...listening,
    token: tokenOf,
    signIn: async (page, person = { roles: ['auditor', 'custodian'] }) => {
      await page.goto('about:blank');
      await page.goto(`${listening.url}/#token=${await tokenOf(person)}`);
      await expect(page.getByRole('heading', { name: 'Recordings' })).toBeVisible();
    },
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
}

/** @throws when the process ends before it answers: a fixture would wait for ever. */
async function answerOf<K extends FromConsole['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<FromConsole, { kind: K }>> {
  return new Promise((resolve, reject) => {
    const ended = () => reject(new Error('the console ended before it answered'));
    const read = (message: FromConsole) => {
      if (message.kind !== kind) return;
      child.off('exit', ended);
      child.off('message', read);
      resolve(message as Extract<FromConsole, { kind: K }>);
    };
    child.once('exit', ended);
    child.on('message', read);
  });
}

export interface CommandConsole {
  /** With the launch token. */
  readonly launchUrl: string;
  close(): Promise<void>;
}

/** `genesys-archive console`, as a person starts it. */
export async function startCommand(env: Readonly<Record<string, string>>): Promise<CommandConsole> {
  const child = spawn(process.execPath, ['dist/cli.mjs', 'console', '--port', '0', '--json'], {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()));
  const lines = createInterface({ input: child.stdout });
  const launchUrl = await new Promise<string>((resolve, reject) => {
    child.once('exit', () => reject(new Error(`the console ended: ${said.join('')}`)));
    lines.on('line', (line) => {
      const { type, launchUrl: url } = JSON.parse(line) as { type?: string; launchUrl?: string };
      if (type === 'console' && url !== undefined) resolve(url);
    });
  });
  return {
    launchUrl,
    close: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}
