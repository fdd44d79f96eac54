import {
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../packages/simulator/src/simulator.ts';
import { observe } from './observe.ts';

export interface Answer {
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look into answers of many shapes
  readonly body: any;
}

export type Ask = (path: string, method?: string, body?: unknown) => Promise<Answer>;

/** Asks the published API as one OAuth client. */
export async function askAs(
  apiUrl: string,
  clientId = 'simulator-client',
  clientSecret = 'simulator-secret',
): Promise<Ask> {
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  const token = await observe(`${apiUrl}/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${basic}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials',
  });
  const { access_token: bearer } = JSON.parse(token.body.toString()) as { access_token: string };
  return async (path, method = 'GET', body?) => {
    const seen = await observe(apiUrl + path, {
      method,
      headers: { authorization: `Bearer ${bearer}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = seen.body.toString();
    return { status: seen.status, headers: seen.headers, body: text === '' ? undefined : JSON.parse(text) };
  };
}

export const DAY_S = 86_400;

/** A simulator whose clock only moves when it is told to, from noon of 20 May 2026 on. */
export async function startFrozen(options: SimulatorOptions = {}): Promise<{
  readonly simulator: Simulator;
  readonly ask: Ask;
  /** Seconds. */
  readonly pass: (seconds: number) => void;
}> {
  const time = { now: Date.UTC(2026, 4, 20, 12) };
  const simulator = await startSimulator({ now: () => time.now, tokenLifetimeS: 1e9, ...options });
  return {
    simulator,
    ask: await askAs(simulator.apiUrl),
    pass: (seconds) => {
      time.now += seconds * 1000;
    },
  };
}
