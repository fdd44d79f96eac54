import { randomUUID } from 'node:crypto';
import { textReply, type Reply } from './reply.ts';

/** Which service answers: each has error bodies of its own. */
export type Dialect = 'oauth' | 'genesys' | 'media-host';

interface ErrorFacts {
  readonly code: string;
  readonly message: string;
}

/** Codes and messages as the platform's published API description (x-inin-error-codes) lists them. */
const GENESYS_ERRORS: Readonly<Record<number, ErrorFacts>> = {
  400: {
    code: 'bad.request',
    message: 'The request could not be understood by the server due to malformed syntax.',
  },
  401: { code: 'bad.credentials', message: 'Invalid login credentials.' },
  403: { code: 'missing.permissions', message: 'Unable to perform the requested action.' },
  404: { code: 'not.found', message: 'The requested resource was not found.' },
  405: { code: 'method.not.allowed', message: 'This resource does not support that method.' },
  408: {
    code: 'client.timeout',
    message: 'The client did not produce a request within the server timeout limit.',
  },
  413: { code: 'request.entity.too.large', message: 'The request is over the size limit.' },
  415: {
    code: 'unsupported.media.type',
    message: 'Unsupported Media Type - Unsupported or incorrect media type.',
  },
  429: { code: 'too.many.requests', message: 'Rate limit exceeded the maximum.' },
  500: { code: 'internal.server.error', message: 'The server encountered an unexpected condition.' },
  503: {
    code: 'service.unavailable',
    message: 'Service Unavailable - The server is currently unavailable (because it is overloaded or down).',
  },
  504: { code: 'request.timeout', message: 'The request timed out.' },
};

/** What S3 answers: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
const S3_ERRORS: Readonly<Record<number, ErrorFacts>> = {
  400: { code: 'InvalidRequest', message: 'Invalid Request' },
  403: { code: 'AccessDenied', message: 'Access Denied' },
  404: { code: 'NoSuchKey', message: 'The specified key does not exist.' },
  405: { code: 'MethodNotAllowed', message: 'The specified method is not allowed against this resource.' },
  412: {
    code: 'PreconditionFailed',
    message: 'At least one of the pre-conditions you specified did not hold',
  },
  416: { code: 'InvalidRange', message: 'The requested range is not satisfiable' },
  500: { code: 'InternalError', message: 'We encountered an internal error. Please try again.' },
  503: { code: 'SlowDown', message: 'Please reduce your request rate.' },
};

export interface ErrorOverrides {
  readonly code?: string;
  readonly message?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** More members of the platform's ErrorBody, e.g. `entityId`, `limit`. */
  readonly body?: Readonly<Record<string, unknown>>;
}

/** An error response as that service would send it. */
export function errorReply(dialect: Dialect, status: number, overrides: ErrorOverrides = {}): Reply {
  if (dialect === 'media-host') return s3Error(status, overrides);
  if (dialect === 'oauth' && status < 500 && status !== 429) return oauthError(status, overrides);
  const facts = GENESYS_ERRORS[status] ?? { code: `http.${status}`, message: `HTTP status ${status}` };
  const contextId = randomUUID();
  const body = {
    message: overrides.message ?? facts.message,
    code: overrides.code ?? facts.code,
    status,
    messageParams: {},
    contextId,
    details: [],
    errors: [],
    ...overrides.body,
  };
  return jsonReply(status, body, { 'inin-correlation-id': contextId, ...overrides.headers });
}

/** RFC 6749 section 5.2, with the platform's extra `description`; it does not tell a wrong id from a wrong secret. */
function oauthError(status: number, overrides: ErrorOverrides): Reply {
  const description = overrides.message ?? 'authentication failed';
  const error = overrides.code ?? (status === 401 ? 'invalid_client' : 'invalid_request');
  return jsonReply(status, { error, description, error_description: description }, overrides.headers);
}

function s3Error(status: number, overrides: ErrorOverrides): Reply {
  const facts = S3_ERRORS[status] ?? { code: `Http${status}`, message: `HTTP status ${status}` };
  const requestId = randomUUID().replaceAll('-', '').slice(0, 16).toUpperCase();
  const xml =
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<Error><Code>${overrides.code ?? facts.code}</Code><Message>${overrides.message ?? facts.message}</Message>` +
    `<RequestId>${requestId}</RequestId></Error>`;
  return textReply(status, 'application/xml', xml, { 'x-amz-request-id': requestId, ...overrides.headers });
}

export function jsonReply(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return textReply(status, 'application/json', JSON.stringify(body), headers);
}
