import { describeScrub } from '../archive/scrub.ts';

describeScrub(1000);
