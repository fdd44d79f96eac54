import { describeStore } from './conformance.ts';
import { PART_BYTES } from './s3-under-test.ts';
import { useSimulatedS3 } from './simulated-s3.ts';

describeStore("S3 store on the simulator's endpoint", { partBytes: PART_BYTES }, useSimulatedS3);
