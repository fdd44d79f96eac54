import type { PlatformLimits } from '../../ports.ts';
import type { GenesysApi } from '../api-client.ts';
import { explainBackfillRefusal } from '../backfill-calls.ts';
import { parseJsonObject, readField } from '../responses.ts';
import { present } from '../../present.ts';

/** Of the published limits: requests of one client credentials token. */
const TOKEN_RATE = 'client.credentials.token.rate.per.minute';
const NAMESPACE = 'platform.api';

/** Requests a minute; a value outside is no limit but a mistake. */
const MIN_RATE = 1;
const MAX_RATE = 100_000;

/** The limits that the organization really has, which its support may have raised. */
export function createPlatformLimits(api: GenesysApi): PlatformLimits {
  return {
    async requestsPerMinute(budget) {
      const path = ['api', 'v2', 'organizations', 'limits', 'namespaces', NAMESPACE];
      const answer = await api.call({ method: 'GET', path }, budget);
      if (answer.status === 403) {
        const hint = explainBackfillRefusal('readLimits', answer);
        return { state: 'forbidden', ...present({ hint }) };
      }
      const entities = answer.status === 200 ? parseJsonObject(answer.text)?.['entities'] : undefined;
      const found = Array.isArray(entities)
        ? entities.find((one: unknown) => readField(one, 'key') === TOKEN_RATE)
        : undefined;
      const perMinute = readField(found, 'value');
      return typeof perMinute === 'number' && perMinute >= MIN_RATE && perMinute <= MAX_RATE
        ? { state: 'known', perMinute: Math.floor(perMinute) }
        : { state: 'unknown', status: answer.status };
    },
  };
}
