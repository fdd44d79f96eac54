import { describeStore } from '../conformance.ts';
import { describeS3Server } from '../s3-conformance.ts';
import { PART_BYTES, useS3 } from '../s3-under-test.ts';

const {
  TEST_S3_ENDPOINT: endpoint,
  AWS_ACCESS_KEY_ID: accessKeyId = '',
  AWS_SECRET_ACCESS_KEY: secretAccessKey = '',
  AWS_REGION: region = 'us-east-1',
} = process.env;

const name = 'S3 store on a real server';
const skip = endpoint === undefined ? 'TEST_S3_ENDPOINT' : undefined;
const make = () => useS3({ endpoint: endpoint ?? '', credentials: { accessKeyId, secretAccessKey }, region });

describeStore(name, { partBytes: PART_BYTES, skip }, make);
describeS3Server(name, skip, make);
