import { describeNonces } from './nonces.ts';

// 10^6 of all three formats together in `npm run test:slow`
describeNonces(5000);
