import { Duplex } from 'node:stream';

/** What must never be seen outside: each is somewhere in what the far ends throw and answer. */
export const CANARIES = {
  token: 'eyJhbGciOiJSUzI1NiJ9.canary-token-7f3a',
  clientSecret: 'canary-client-secret-1c9d',
  signedQuery: 'X-Amz-Signature=canarysignature0badc0de',
  awsKeyId: 'AKIACANARY7EXAMPLE00',
  awsSecret: 'canary/aws/secret+key/40characters',
  phone: '+15551230199',
  email: 'jane.canary@example.com',
} as const;

const LINK = `https://media.example.com/a.wav?${CANARIES.signedQuery}`;

/** Does `text` show any of them, as it is or encoded? */
export function findCanary(text: string): string | undefined {
  const decoded = text.replace(/%[0-9a-f]{2}/gi, (code) =>
    String.fromCharCode(Number.parseInt(code.slice(1), 16)),
  );
  const base64 = (value: string) => Buffer.from(value).toString('base64').replace(/=+$/, '').slice(0, -2);
  const needles = [...Object.values(CANARIES), 'canary', '5551230199'];
  return needles.find((needle) => {
    const both = `${text}\n${decoded}`.toLowerCase();
    return both.includes(needle.toLowerCase()) || text.includes(base64(needle));
  });
}

/** Everything above, as an HTTP client's or an SDK's error would carry it. */
function everything(): Record<string, unknown> {
  return {
    config: {
      url: LINK,
      headers: { Authorization: `Bearer ${CANARIES.token}` },
      data: `client_secret=${CANARIES.clientSecret}`,
    },
    request: { path: `/x?${CANARIES.signedQuery}`, credentials: [CANARIES.awsKeyId, CANARIES.awsSecret] },
    response: { data: { ani: CANARIES.phone, customer: CANARIES.email } },
  };
}

/** Something to throw. `random` decides what it is and where it hides what it should not have. */
export function hostileError(random: () => number): unknown {
  const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(random() * choices.length)];
  const secret = pick(Object.values(CANARIES)) ?? '';
  const message = pick([`failed for ${LINK}`, secret, `Bearer ${secret}`, `{"error":"${secret}"}`, '']) ?? '';
  const error: Error =
    pick([
      () => new Error(message, { cause: Object.assign(new Error(secret), everything()) }),
      () => new TypeError(message),
      () => new AggregateError([new Error(secret)], message),
      () => new DOMException(message, 'AbortError'),
    ])?.() ?? new Error(message);
  switch (Math.floor(random() * 8)) {
    case 0:
      return secret;
    case 1:
      return { message: secret, toString: () => secret, toJSON: () => secret, ...everything() };
    case 2:
      return undefined;
    case 3:
      return Object.assign(error, { name: secret, ...everything() });
    case 4:
      return Object.assign(error, { code: secret.toUpperCase(), ...everything() });
    case 5:
      return Object.assign(error, {
        name: pick(['SlowDown', 'AccessDenied', 'NoSuchBucket', secret]),
        // S3 itself makes up its request ids, so these may be shown
        $metadata: {
          httpStatusCode: pick([403, 500, 503]),
          requestId: '4442587FB7D0A2F9',
          extendedRequestId: secret,
        },
        $response: { headers: { 'retry-after': secret, authorization: CANARIES.token } },
        ...everything(),
      });
    case 6:
      return Object.assign(error, { stack: `Error: ${secret}\n    at ${LINK}`, ...everything() });
    default:
      return Object.assign(error, { code: pick(['ECONNRESET', 'ETIMEDOUT', 'ENOTFOUND']), ...everything() });
  }
}

/** The text of an HTTP response with canaries in its head and body, or something that is none. */
export function hostileResponse(random: () => number): string {
  const pick = <T>(choices: readonly T[]): T | undefined => choices[Math.floor(random() * choices.length)];
  const status =
    pick([200, 200, 206, 301, 302, 307, 400, 401, 403, 404, 409, 410, 412, 416, 418, 429, 500, 503]) ?? 500;
  const secret = pick(Object.values(CANARIES)) ?? '';
  const body =
    pick([
      JSON.stringify({
        message: `for ${secret}`,
        status,
        contextId: secret,
        details: [everything()],
        errors: [secret],
      }),
      JSON.stringify({
        error: 'invalid_client',
        description: secret,
        error_description: CANARIES.clientSecret,
      }),
      JSON.stringify({ access_token: CANARIES.token, expires_in: pick([60, 'soon', -1]) }),
      JSON.stringify({
        id: secret,
        status: 'complete',
        downloadUrl: pick([LINK, `http://${secret}@127.0.0.1/`, secret]),
      }),
      JSON.stringify({ id: secret, status: pick(['deleted', 'processing']), mediaType: secret }),
      `<html><body>${secret}</body></html>`,
      `<Error><Code>AccessDenied</Code><AWSAccessKeyId>${CANARIES.awsKeyId}</AWSAccessKeyId></Error>`,
      secret,
      '',
    ]) ?? '';
  const headers = [
    `content-type: ${pick(['application/json', 'text/html', 'audio/wav', `x/${secret}`])}`,
    `location: ${pick([LINK, `http://user:${CANARIES.clientSecret}@127.0.0.1/`, `/${secret}`, `?${secret}`])}`,
    `retry-after: ${pick(['0', '1', '99999', secret])}`,
    `inin-correlation-id: ${pick(['7272d362-23b2-4c14-9d40-dc7b7683153a', `${secret} ${secret}`])}`,
    `etag: "${secret}"`,
    `content-length: ${Buffer.byteLength(body) + (random() < 0.2 ? 5 : 0)}`,
    'connection: close',
  ];
  if (random() < 0.05) return `${secret}\r\n\r\n`;
  return `HTTP/1.1 ${status} ${secret}\r\n${headers.join('\r\n')}\r\n\r\n${body}`;
}

/** A connection on which every request is answered with `text`, or that fails with `error`. */
export function hostileConnection(text: string, error: unknown): Duplex {
  let answered = false;
  const duplex = new Duplex({
    read: () => {},
    write: (_chunk, _encoding, done) => {
      done();
      if (answered) return;
      answered = true;
      if (error instanceof Error) duplex.destroy(error);
      else {
        duplex.push(text);
        duplex.push(null);
      }
    },
  });
  return duplex;
}
