import { createHash, createHmac } from 'node:crypto';
import { stableUuid, type SimulatedRecording } from './catalogue.ts';
import { present } from './present.ts';

/** The envelopes an archiving event can arrive in. */
export const EVENT_SHAPES = [
  'eventbridge',
  'webhook',
  'bare',
  'sqs',
  'http-v1',
  'http-v2',
  'function-url',
] as const;
export type EventShape = (typeof EVENT_SHAPES)[number];

export interface EventExtras {
  /** Merged into the event's data, e.g. `{ status: 'processing' }`, `{ eventType: 'chat' }`. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** `sqs`: further recordings of the batch. */
  readonly more?: readonly SimulatedRecording[];
  /** `sqs`: the shape of each message's body; default `eventbridge`. */
  readonly inner?: 'eventbridge' | 'webhook' | 'bare';
  /** HTTP shapes: base64 body; default true for `function-url`, else false. */
  readonly base64?: boolean;
  /** HTTP shapes: further request headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** HTTP shapes: signs the raw body into `x-hub-signature-256`. */
  readonly webhookSecret?: string;
}

const ACCOUNT = '123456789012';
const REGION = 'us-east-1';
const ORGANISATION = '32aa07aa-db1b-4987-abd0-9483601ec29d';

/**
 * The event that says a recording is complete, in the given shape. The same recording gives the same event every time, as
 * a redelivery does.
 */
export function createEvent(
  recording: SimulatedRecording,
  shape: EventShape,
  extras: EventExtras = {},
): unknown {
  switch (shape) {
    case 'bare':
      return bareEvent(recording, extras);
    case 'webhook':
      return webhookEvent(recording, extras);
    case 'eventbridge':
      return eventBridgeEvent(recording, extras);
    case 'sqs':
      return {
        Records: [recording, ...(extras.more ?? [])].map((one) =>
          sqsRecord(one, createEvent(one, extras.inner ?? 'eventbridge', extras)),
        ),
      };
    case 'http-v1':
    case 'http-v2':
    case 'function-url':
      return httpEvent(recording, shape, extras);
    default:
      return shape satisfies never;
  }
}

function bareEvent(recording: SimulatedRecording, extras: EventExtras) {
  return { mediaId: recording.id, interactionId: recording.interactionId, ...extras.data };
}

function endOf(recording: SimulatedRecording): string {
  return new Date(recording.startedAt + (recording.durationMs ?? 0)).toISOString();
}

function webhookEvent(recording: SimulatedRecording, extras: EventExtras) {
  return {
    id: stableUuid(`event/${recording.id}`),
    topic: 'archiving:events',
    timestamp: endOf(recording),
    data: {
      eventType: 'media',
      status: recording.status,
      mediaId: recording.id,
      interactionId: recording.interactionId,
      ...extras.data,
    },
  };
}

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html, partner source as Genesys names it. */
function eventBridgeEvent(recording: SimulatedRecording, extras: EventExtras) {
  const { data, id, timestamp, topic } = webhookEvent(recording, extras);
  return {
    version: '0',
    id,
    'detail-type': topic,
    source: `aws.partner/genesys.com/cloud/${ORGANISATION}/media-archive`,
    account: ACCOUNT,
    time: timestamp,
    region: REGION,
    resources: [],
    detail: { topicName: topic, version: '2', data, timestamp },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
function sqsRecord(recording: SimulatedRecording, event: unknown) {
  const body = JSON.stringify(event);
  const sentAt = String(recording.startedAt + (recording.durationMs ?? 0));
  return {
    messageId: stableUuid(`message/${recording.id}`),
    receiptHandle: `receipt-${recording.id}`,
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: sentAt,
      SenderId: ACCOUNT,
      ApproximateFirstReceiveTimestamp: sentAt,
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:${REGION}:${ACCOUNT}:media-archive`,
    awsRegion: REGION,
  };
}

/**
 * API Gateway payload formats 1.0 and 2.0, and the function URL's variant of 2.0:
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
function httpEvent(
  recording: SimulatedRecording,
  shape: 'http-v1' | 'http-v2' | 'function-url',
  extras: EventExtras,
) {
  const raw = JSON.stringify(webhookEvent(recording, extras));
  const isBase64Encoded = extras.base64 ?? shape === 'function-url';
  const body = isBase64Encoded ? Buffer.from(raw).toString('base64') : raw;
  const headers = {
    'content-type': 'application/json',
    ...present({
      'x-hub-signature-256': extras.webhookSecret === undefined ? undefined : sign(extras.webhookSecret, raw),
    }),
    ...extras.headers,
  };
  const content = { headers, body, isBase64Encoded };
  const requestId = stableUuid(`request/${recording.id}`);
  const timeEpoch = recording.startedAt + (recording.durationMs ?? 0);
  return shape === 'http-v1'
    ? firstFormat(content, requestId, timeEpoch)
    : secondFormat(content, { requestId, timeEpoch, isUrl: shape === 'function-url' });
}

interface HttpContent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly isBase64Encoded: boolean;
}

function firstFormat({ headers, body, isBase64Encoded }: HttpContent, requestId: string, timeEpoch: number) {
  const path = '/archive';
  return {
    resource: path,
    path,
    httpMethod: 'POST',
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: ACCOUNT,
      httpMethod: 'POST',
      path,
      protocol: 'HTTP/1.1',
      requestId,
      requestTimeEpoch: timeEpoch,
      resourcePath: path,
      stage: 'prod',
    },
    body,
    isBase64Encoded,
  };
}

function secondFormat(
  { headers, body, isBase64Encoded }: HttpContent,
  {
    requestId,
    timeEpoch,
    isUrl,
  }: { readonly requestId: string; readonly timeEpoch: number; readonly isUrl: boolean },
) {
  const path = isUrl ? '/' : '/archive';
  const routeKey = isUrl ? '$default' : 'POST /archive';
  return {
    version: '2.0',
    routeKey,
    rawPath: path,
    rawQueryString: '',
    headers,
    requestContext: {
      accountId: ACCOUNT,
      http: {
        method: 'POST',
        path,
        protocol: 'HTTP/1.1',
        sourceIp: '127.0.0.1',
        userAgent: 'genesys-simulator',
      },
      requestId,
      routeKey,
      stage: '$default',
      timeEpoch,
    },
    body,
    isBase64Encoded,
  };
}

function sign(secret: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('base64')}`;
}
