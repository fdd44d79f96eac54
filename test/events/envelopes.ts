/** Whole events as AWS and the platform deliver them, around one and the same recording. */
export const MEDIA_ID = 'a1b2c3d4-5678-90ab-cdef-1234567890ab';
export const INTERACTION_ID = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';
export const END_TIME = '2024-05-20T14:32:10.000Z';

export const data = {
  mediaId: MEDIA_ID,
  interactionId: INTERACTION_ID,
  eventType: 'media',
  status: 'complete',
  mediaType: 'audio',
  duration: 145_000,
  endTime: END_TIME,
};

export type Fields = Record<string, unknown>;

export const bare = (fields: Fields = data): Fields => fields;

export const webhook = (fields: unknown = data): Fields => ({
  topicName: 'archiving:events',
  deliveryId: '6a1b6f0e-4f2e-4d0e-9d5e-0f5f5b8f2d11',
  timestamp: '2031-01-01T00:00:00.000Z',
  data: fields,
});

/** After the platform's own sample for partner event buses; only `detail` is the tutorial's. */
export const eventBridge = (fields: unknown = data): Fields => ({
  version: '0',
  id: '58fb5dac-f077-4eec-a25f-c638dbdd4368',
  'detail-type': 'archiving:events',
  source: 'aws.partner/genesys.com/cloud/32aa07aa-db1b-4987-abd0-9483601ec29d/archive',
  account: '123456789012',
  time: '2024-05-20T14:40:00Z',
  region: 'us-east-1',
  resources: [],
  detail: {
    topicName: 'archiving:events',
    version: '2',
    data: fields,
    metadata: { CorrelationId: '7272d362-23b2-4c14-9d40-dc7b7683153a' },
    timestamp: '2024-05-20T14:35:00.013Z',
  },
});

export const CONVERSATION_ID = '2f7bf00a-0fc2-4d6a-9b56-92238191433e';

/** After the sample of the platform's own event streaming blueprint: everything as it stands there, but for the kind. */
export const conversationEnd = (
  what = 'customer.end',
  body: Fields = {},
  conversationId = CONVERSATION_ID,
): Fields => ({
  version: '0',
  id: '58fb5dac-f077-4eec-a25f-c638dbdd4368',
  'detail-type': `v2.detail.events.conversation.{id}.${what}`,
  source: 'aws.partner/genesys.com.test/cloud/32aa07aa-db1b-4987-abd0-9483601ec29d/test-event-bus',
  account: '123456789012',
  time: '2022-06-14T16:12:11.000Z',
  region: 'us-east-1',
  resources: [],
  detail: {
    topicName: `v2.detail.events.conversation.${conversationId}.${what}`,
    version: '2',
    eventBody: {
      eventTime: 1_649_237_504_949,
      conversationId,
      participantId: '9fb2ca78-8389-4758-b76a-9b0300de1fce',
      sessionId: 'c03d300e-fa79-4353-9695-b97a71322785',
      mediaType: 'CHAT',
      provider: 'PureCloud Webchat v2',
      direction: 'INBOUND',
      interactingDurationMs: 60_000,
      ...body,
    },
    metadata: { CorrelationId: '7272d362-23b2-4c14-9d40-dc7b7683153a' },
    timestamp: '2022-04-06T09:30:45.013Z',
  },
});

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html */
export const restApi = (body: string | null, isBase64Encoded = false): Fields => ({
  resource: '/archive',
  path: '/archive',
  httpMethod: 'POST',
  headers: { 'Content-Type': 'application/json', Host: 'abc.execute-api.us-east-1.amazonaws.com' },
  multiValueHeaders: {
    'Content-Type': ['application/json'],
    Host: ['abc.execute-api.us-east-1.amazonaws.com'],
  },
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  stageVariables: null,
  requestContext: {
    accountId: '123456789012',
    apiId: 'abc',
    httpMethod: 'POST',
    requestTimeEpoch: 1_900_000_000_000,
    stage: 'prod',
    identity: { sourceIp: '192.0.2.1' },
  },
  body,
  isBase64Encoded,
});

/** https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html; HTTP APIs send the same, format 2.0. */
export const functionUrl = (body: string | undefined, isBase64Encoded = false): Fields => ({
  version: '2.0',
  routeKey: '$default',
  rawPath: '/',
  rawQueryString: '',
  headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1' },
  requestContext: {
    accountId: 'anonymous',
    apiId: 'url-id',
    domainName: 'url-id.lambda-url.us-east-1.on.aws',
    http: { method: 'POST', path: '/', protocol: 'HTTP/1.1', sourceIp: '192.0.2.1', userAgent: 'agent' },
    requestId: 'e1506fd5-9e7b-434f-bd42-4f8fa224b599',
    routeKey: '$default',
    stage: '$default',
    time: '12/Mar/2030:19:03:58 +0000',
    timeEpoch: 1_900_000_000_000,
  },
  ...(body === undefined ? {} : { body }),
  isBase64Encoded,
});

/** https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html */
export const sqs = (...bodies: readonly unknown[]): Fields => ({
  Records: bodies.map((body, index) => ({
    messageId: `059f36b4-87a3-44ab-83d2-66197596${1000 + index}`,
    receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1900000000000',
      SenderId: 'AIDAIENQZJOLO23YVJ4VO',
      ApproximateFirstReceiveTimestamp: '1900000000001',
    },
    messageAttributes: {},
    md5OfBody: '098f6bcd4621d373cade4e832627b4f6',
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-1:123456789012:archive',
    awsRegion: 'us-east-1',
  })),
});

/** https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html */
export const sns = (message: unknown): Fields => ({
  Type: 'Notification',
  MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
  TopicArn: 'arn:aws:sns:us-east-1:123456789012:archive',
  Message: JSON.stringify(message),
  Timestamp: '2030-01-01T00:00:00.000Z',
  SignatureVersion: '1',
});

export const base64 = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64');
