import { describeStore } from './conformance.ts';
import { PART_BYTES, useS3 } from './s3-under-test.ts';

const {
  TEST_S3_ENDPOINT: endpoint,
  AWS_ACCESS_KEY_ID: accessKeyId = '',
  AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
  AWS_REGION: region = 'us-east-1',
} = process.env;

describeStore(
  'S3 store on a real server',
  { partBytes: PART_BYTES, skip: endpoint === undefined ? 'TEST_S3_ENDPOINT' : undefined },
  () => useS3({ endpoint: endpoint ?? '', credentials: { accessKeyId, secretAccessKey }, region }),
);
