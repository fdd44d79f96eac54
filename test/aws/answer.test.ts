import { describe, expect, it } from 'vitest';
import { awsAnswerOf } from '../../src/aws/answer.ts';

const nothing = {
  status: undefined,
  requestId: undefined,
  date: undefined,
  age: undefined,
  retryAfter: undefined,
  bucketRegion: undefined,
};
const withMetadata = ($metadata: unknown) => Object.assign(new Error('secret'), { $metadata });

describe('what is told of the answer behind an error of the AWS SDK', () => {
  it('is its status and its id, and nothing else', () => {
    const requestId = '4a7f52c1-9e0b.A_z';
    const error = withMetadata({ httpStatusCode: 503, requestId, extendedRequestId: 'secret', attempts: 3 });
    expect(awsAnswerOf(error)).toStrictEqual({ ...nothing, status: 503, requestId });
  });

  it.each<[string, unknown]>([
    ['an error without an answer', new Error('secret')],
    ['an answer without anything', withMetadata({})],
    ['an answer that is none', withMetadata(null)],
    ['what is no error', 'secret'],
    ['nothing', undefined],
    ['null', null],
  ])('is nothing where there is %s', (_what, error) => {
    expect(awsAnswerOf(error)).toStrictEqual(nothing);
  });

  it.each([
    ['', undefined],
    ['a b', undefined],
    ['id\n', undefined],
    ['\nid', undefined],
    ['https://x/?X-Amz-Signature=1', undefined],
    ['a'.repeat(80), 'a'.repeat(80)],
    ['a'.repeat(81), undefined],
    [7, undefined],
  ])('an id is told only where it looks like one: %j', (requestId, told) => {
    expect(awsAnswerOf(withMetadata({ requestId })).requestId).toBe(told);
  });

  it('tells four headers of the answer, and a region only where it looks like one', () => {
    const headers = {
      date: 'Wed, 20 May 2026 12:00:00 GMT',
      age: '7',
      'retry-after': '3',
      'x-amz-bucket-region': 'eu-central-1',
      'x-amz-id-2': 'secret',
    };
    expect(awsAnswerOf({ $response: { headers } })).toStrictEqual({
      ...nothing,
      date: headers.date,
      age: '7',
      retryAfter: '3',
      bucketRegion: 'eu-central-1',
    });
    const odd = { ...headers, 'x-amz-bucket-region': 'x\nset AWS_REGION' };
    expect(awsAnswerOf({ $response: { headers: odd } }).bucketRegion).toBeUndefined();
  });

  it('a status is a number', () => {
    expect(awsAnswerOf(withMetadata({ httpStatusCode: '503' })).status).toBeUndefined();
  });
});
