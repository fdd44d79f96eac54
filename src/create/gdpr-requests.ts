/** Wires what reads the platform's requests under the GDPR. */
import { type Clock, systemClock } from '../clock.ts';
import type { SealConfig } from '../config/config.ts';
import { createGenesysApi } from '../genesys/api-client.ts';
import { createTokenSource } from '../genesys/oauth.ts';
import { createGdprRequests, type GdprRequests } from '../genesys/organization/gdpr-requests.ts';
import { pinOrganization } from '../genesys/pin-organization.ts';
import { createRateBudget } from '../genesys/rate-budget.ts';
import { createTransport } from '../http/transport.ts';
import { type Logger, silentLogger } from '../log.ts';
import { readClientCredentials } from '../secrets/secret-contents.ts';
import { createSecretValues } from '../secrets/secret-values.ts';

/** Makes no request; the first look compares the organization with `GENESYS_ORGANIZATION_ID`. */
export function openGdprRequests(
  config: SealConfig,
  tools: { readonly clock?: Clock; readonly logger?: Logger } = {},
): GdprRequests & { close(): void } {
  const { clock = systemClock, logger = silentLogger } = tools;
  const { genesys, organizationId, proxies } = config;
  const transport = createTransport({ timeouts: {}, proxies });
  const secrets = createSecretValues({ clock, logger, proxies });
  const credentials = readClientCredentials(genesys.credentials, secrets);
  const { loginUrl, apiUrl } = genesys;
  const tokens = createTokenSource({ loginUrl, credentials, scope: undefined, transport, clock, logger });
  const rate = createRateBudget({ clock, share: config.rateShare });
  const api = createGenesysApi({ apiUrl, tokens, transport, clock, logger, rate });
  const pin = pinOrganization({ organizationId, clock, logger });
  const requests = createGdprRequests(api);
  return {
    async *list(budget) {
      await pin(api, budget);
      yield* requests.list(budget);
    },
    async find(id, budget) {
      await pin(api, budget);
      return requests.find(id, budget);
    },
    close: () => transport.close(),
  };
}
