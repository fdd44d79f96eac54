import type { Kind } from './attack.ts';
import { exchangedObjects } from './attacks/exchanged-objects.ts';

export const KINDS: readonly Kind[] = [exchangedObjects];
