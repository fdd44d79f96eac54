import { onTestFinished, vi } from 'vitest';
import { createSecretValues } from '../../src/secrets/values.ts';
import {
  type SecretsEndpoint,
  type SecretsOptions,
  startSecrets,
} from '../../packages/simulator/src/secrets/secrets.ts';
import { fastClock } from '../fast-clock.ts';
import { recordingLogger } from '../recording-logger.ts';

/** An endpoint of its own for one test; the environment points the AWS SDK there until the test ends. */
export async function startEndpoint(options: SecretsOptions = {}): Promise<SecretsEndpoint> {
  const endpoint = await startSecrets(options);
  for (const [name, value] of Object.entries(endpoint.environment())) vi.stubEnv(name, value);
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await endpoint.close();
  });
  return endpoint;
}

/** Secrets as the product reads them. Pauses between retries take no time. */
export async function startSecretValues(options: SecretsOptions = {}) {
  const endpoint = await startEndpoint(options);
  const clock = fastClock();
  const logger = recordingLogger();
  return { endpoint, clock, logger, secrets: createSecretValues({ clock, logger }) };
}

/** Five minutes later, for whoever looks at the system's clock. It moves on as it did. */
export function passTime(ms: number): void {
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + ms);
  onTestFinished(() => {
    vi.restoreAllMocks();
  });
}
