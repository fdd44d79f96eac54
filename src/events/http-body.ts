import { invalidEvent, isObject, readField, readSafely } from './fields.ts';

/** An archiving event is about 1 KiB. A body that is longer is refused before it is parsed. */
const MAX_BODY_BYTES = 256 * 1024;

export interface HttpBody {
  /** Exactly the bytes that were sent: what a signature covers. */
  readonly raw: Buffer;
  /** By lower-case name; the values of a repeated header are joined with `, `. */
  readonly headers: Record<string, string>;
}

/**
 * Body and headers of a request that came through API Gateway (payload formats 1.0 and 2.0), a Lambda Function URL or an
 * Application Load Balancer; `undefined` when the event is none. A request without a body has an empty one.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 *
 * @throws `EVENT_INVALID` (not retryable) when the body is longer than 256 KiB, is no text, or is not the base64 it claims
 *   to be.
 */
export function httpBody(event: unknown): HttpBody | undefined {
  return readSafely(() => {
    if (!isObject(event) || !isHttpEvent(event)) return undefined;
    const isBase64Encoded = readField(event, 'isBase64Encoded') === true;
    return {
      raw: readBody(readField(event, 'body'), isBase64Encoded),
      headers: readHeaders(readField(event, 'headers'), readField(event, 'multiValueHeaders')),
    };
  });
}

/** Format 1.0 has `httpMethod`, format 2.0 and Function URLs have `requestContext.http`; all have `requestContext`. */
function isHttpEvent(event: object): boolean {
  const context = readField(event, 'requestContext');
  if (!isObject(context)) return false;
  return typeof readField(event, 'httpMethod') === 'string' || isObject(readField(context, 'http'));
}

function readBody(body: unknown, isBase64Encoded: boolean): Buffer {
  if (body === undefined || body === null) return Buffer.alloc(0);
  if (typeof body !== 'string') throw invalidEvent('body is not text');
  const tooLong = () => invalidEvent(`body is longer than ${MAX_BODY_BYTES} bytes`);
  // A byte is never more than 2 characters here: look before anything is copied.
  if (body.length > MAX_BODY_BYTES * 2) throw tooLong();
  const raw = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  if (raw.length > MAX_BODY_BYTES) throw tooLong();
  // Buffer.from() skips what is not base64; only text that reads back unchanged was.
  if (isBase64Encoded && raw.toString('base64').replace(/=+$/, '') !== body.replace(/=+$/, '')) {
    throw invalidEvent('body is not base64, though isBase64Encoded says so');
  }
  return raw;
}

/** `multiValueHeaders` (format 1.0) knows repeated headers, of which `headers` keeps the last only. */
function readHeaders(headers: unknown, multiValueHeaders: unknown): Record<string, string> {
  const collected = new Map<string, string[]>();
  const single = collectValues(headers);
  for (const [name, values] of [...collectValues(multiValueHeaders), ...single]) {
    const known = collected.get(name);
    if (known === undefined) collected.set(name, values);
    else if (!values.every((value) => known.includes(value))) known.push(...values);
  }
  return Object.fromEntries([...collected].map(([name, values]) => [name, values.join(', ')]));
}

function collectValues(headers: unknown): Map<string, string[]> {
  const collected = new Map<string, string[]>();
  if (!isObject(headers)) return collected;
  for (const [name, value] of Object.entries(headers)) {
    const values = (Array.isArray(value) ? value : [value]).filter((item) => typeof item === 'string');
    const lower = name.toLowerCase();
    if (values.length > 0) collected.set(lower, [...(collected.get(lower) ?? []), ...values]);
  }
  return collected;
}
