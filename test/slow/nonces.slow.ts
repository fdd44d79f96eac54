import { describeNonces } from '../envelope/nonces.ts';

// 10^6 of all three formats together
describeNonces(333_334);
