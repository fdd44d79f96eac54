import { idOf } from './fake-answers.ts';

/** Every page of the console, with a heading or a text that shows when it is there. */
export const PLACES = [
  { name: 'recordings', hash: '#/', shows: 'more than 10,000 found' },
  { name: 'recording', hash: `#/r/${idOf(0)}`, shows: 'Reference at the platform written' },
  { name: 'completeness', hash: '#/completeness/2026-09-04?year=2026', shows: 'never announced' },
  { name: 'work', hash: '#/work', shows: 'before the archive' },
  { name: 'holds', hash: '#/holds', shows: 'Case 4711' },
  { name: 'access', hash: '#/access', shows: 'complaint 12' },
  { name: 'about', hash: '#/about', shows: 'directory ./archive' },
] as const;
