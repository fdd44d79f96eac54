import type { OAuthOptions } from '../../src/genesys/oauth.ts';

/** Credentials that never change; by default those that the simulator takes. */
export function fixedCredentials(
  secret = 'simulator-secret',
  clientId = 'simulator-client',
): OAuthOptions['credentials'] {
  return () => Promise.resolve({ clientId, clientSecret: { reveal: () => secret } });
}
