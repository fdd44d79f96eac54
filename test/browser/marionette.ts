/**
 * Drives the Firefox of this machine by Marionette, its own remote protocol: one TCP connection on loopback, messages of JSON with their
 * length before them. Playwright has a Firefox of its own build alone.
 * https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

export interface Firefox {
  goTo(url: string): Promise<void>;
  /** Runs the body of a function in the page, which has `args` in `arguments`. */
  run<T = unknown>(body: string, ...args: readonly unknown[]): Promise<T>;
  /** Clicks as a person does. */
  click(xpath: string): Promise<void>;
  type(xpath: string, text: string): Promise<void>;
  close(): Promise<void>;
}

/** A port that is free; sound without a press, for where there is no sound device; nothing is asked of the network. */
const PREFERENCES = {
  'marionette.port': 0,
  'media.autoplay.default': 0,
  'app.update.enabled': false,
  'browser.aboutwelcome.enabled': false,
  'browser.shell.checkDefaultBrowser': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'services.settings.server': 'http://127.0.0.1:9',
  'toolkit.telemetry.enabled': false,
} as const;

/** Longer than a start takes on a busy machine; ms. */
const START_MS = 60_000;
const POLL_MS = 100;
/** What is clicked may come later than the page; ms. */
const ELEMENT_MS = 30_000;

export async function startFirefox(executable: string): Promise<Firefox> {
  const profile = await mkdtemp(path.join(tmpdir(), 'firefox-'));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  await writeFile(path.join(profile, 'user.js'), `${lines.join('\n')}\n`);
  const child = spawn(executable, ['--marionette', '--headless', '--no-remote', '--profile', profile], {
    env: { PATH: process.env['PATH'], HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' },
    stdio: 'ignore',
  });
  const exited = once(child, 'exit');
  const end = async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await exited;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    const port = await Promise.race([
      portOf(profile),
      exited.then(() => Promise.reject(new Error(`${executable} ended before it listened`))),
    ]);
    const socket = connect({ host: '127.0.0.1', port });
    await once(socket, 'connect');
    const ask = speak(socket);
    await ask('WebDriver:NewSession', { capabilities: { alwaysMatch: {} } });
    await ask('WebDriver:SetTimeouts', { implicit: ELEMENT_MS });
    return firefoxOf(ask, async () => {
      socket.destroy();
      await end();
    });
  } catch (error) {
    await end();
    throw error;
  }
}

/** Firefox writes the port that it has chosen into its profile. */
async function portOf(profile: string): Promise<number> {
  const from = Date.now();
  while (Date.now() - from < START_MS) {
    const text = await readFile(path.join(profile, 'MarionetteActivePort'), 'utf8').catch(() => '');
    if (/^\d+$/.test(text)) return Number(text);
    await wait(POLL_MS);
  }
  throw new Error('Firefox did not say which port it listens on');
}

type Ask = (command: string, parameters: object) => Promise<unknown>;

function speak(socket: Socket): Ask {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  let buffer = Buffer.alloc(0);
  let last = 0;
  socket.on('data', (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const colon = buffer.indexOf(':');
      const length = Number(buffer.subarray(0, Math.max(0, colon)).toString());
      if (colon < 0 || buffer.length < colon + 1 + length) return;
      const message: unknown = JSON.parse(buffer.subarray(colon + 1, colon + 1 + length).toString('utf8'));
      buffer = buffer.subarray(colon + 1 + length);
      // the first one is a greeting
      if (!Array.isArray(message)) continue;
      const [, id, error, result] = message as [number, number, { message: string } | null, unknown];
      if (error === null) waiting.get(id)?.resolve(result);
      else waiting.get(id)?.reject(new Error(error.message));
      waiting.delete(id);
    }
  });
  socket.on('close', () => {
    for (const { reject } of waiting.values()) reject(new Error('Firefox closed the connection'));
  });
  return (command, parameters) =>
    new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      const text = JSON.stringify([0, last, command, parameters]);
      socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
}

/** The name that WebDriver gives to references to elements. */
const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

function firefoxOf(ask: Ask, close: () => Promise<void>): Firefox {
  const find = async (value: string): Promise<string> => {
    const found = (await ask('WebDriver:FindElement', { using: 'xpath', value })) as {
      value: Record<string, string>;
    };
    return found.value[ELEMENT] ?? '';
  };
  return {
    goTo: async (url) => {
      await ask('WebDriver:Navigate', { url });
    },
    run: async <T>(script: string, ...args: readonly unknown[]) => {
      const { value } = (await ask('WebDriver:ExecuteScript', { script, args })) as { value: T };
      return value;
    },
    click: async (xpath) => {
      await ask('WebDriver:ElementClick', { id: await find(xpath) });
    },
    type: async (xpath, text) => {
      await ask('WebDriver:ElementSendKeys', { id: await find(xpath), text });
    },
    close,
  };
}
