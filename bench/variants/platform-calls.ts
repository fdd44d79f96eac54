/** The tutorial's calls of the platform, for the two variants that are not ours. `node:http` stands in for its HTTP client. */
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';

export const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
};

interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Node's default agents keep connections alive, as the tutorial's client does. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body }: Call = {},
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
    const request = (url.startsWith('https:') ? https : http).request(url, {
      method,
      headers: { ...headers, ...length },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      if (response.statusCode === 200) resolve(response);
      else reject(new Error(`${method} ${new URL(url).pathname} answered ${response.statusCode}`));
    });
    request.end(body);
  });
}

async function sendForJson(url: string, call: Call): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of await send(url, call)) text += String(chunk);
  return JSON.parse(text) as Record<string, unknown>;
}

export async function fetchToken(): Promise<string> {
  const answer = await sendForJson(`${env('GENESYS_LOGIN_URL')}/oauth/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: env('GENESYS_CLIENT_ID'),
      client_secret: env('GENESYS_CLIENT_SECRET'),
      scope: 'media:view interaction:metadata:update',
    }).toString(),
  });
  return String(answer['access_token']);
}

export async function fetchDownloadUrl(mediaId: string, token: string): Promise<string> {
  const answer = await sendForJson(`${env('GENESYS_API_URL')}/api/v2/media/${mediaId}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return String(answer['downloadUrl']);
}

export async function updateInteraction(interactionId: string, key: string, token: string): Promise<void> {
  await sendForJson(`${env('GENESYS_API_URL')}/api/v2/interactions/${interactionId}`, {
    method: 'PATCH',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      metadata: {
        s3_archive_key: key,
        archive_timestamp: new Date().toISOString(),
        encryption_algorithm: 'AES-256-GCM',
      },
    }),
  });
}

/** The tutorial's key: the day of the attempt, in local time. */
export function datedKey(mediaId: string): string {
  const now = new Date();
  const day = [now.getFullYear(), now.getMonth() + 1, now.getDate()];
  return `archive/${day.map((part) => String(part).padStart(2, '0')).join('/')}/${mediaId}.enc`;
}
