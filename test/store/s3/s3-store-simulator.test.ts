import { describeStore } from '../conformance.ts';
import { describeS3Server } from '../s3-conformance.ts';
import { PART_BYTES } from '../s3-under-test.ts';
import { useSimulatedS3 } from '../simulated-s3.ts';

const name = "S3 store on the simulator's endpoint";

describeStore(name, { partBytes: PART_BYTES }, useSimulatedS3);
describeS3Server(name, undefined, useSimulatedS3);
