import type { Simulator } from '../../packages/simulator/src/simulator.ts';

/** Gives the simulated platform a request under the GDPR to delete, as its API takes it. */
export async function requestErasure(
  simulator: Simulator,
  env: Readonly<Record<string, string>>,
  subject: object,
  requestType = 'GDPR_DELETE',
): Promise<{ readonly id: string }> {
  const { GENESYS_CLIENT_ID: id = '', GENESYS_CLIENT_SECRET: secret = '' } = env;
  const granted = await fetch(`${simulator.apiUrl}/oauth/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: 'grant_type=client_credentials',
  });
  const { access_token: token } = (await granted.json()) as { access_token: string };
  const answer = await fetch(`${simulator.apiUrl}/api/v2/gdpr/requests?deleteConfirmed=true`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ requestType, subject }),
  });
  return (await answer.json()) as { id: string };
}
