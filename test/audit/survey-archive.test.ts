import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { strangerOf } from '../../src/audit/survey-archive.ts';
import { DATE_LAYOUT } from '../../src/record/layout.ts';

/** First folders of keys that a constant of the source names. */
const folders = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .flatMap((name) => [
    ...readFileSync(path.join('src', name), 'utf8').matchAll(/const \w*_PREFIX = '([a-z-]+)\//g),
  ])
  .map(([, folder = '']) => folder);

describe('what verify tells of the whole store', () => {
  it.each(
    [...new Set(folders)].filter(
      (folder) => !['archive', 'context', 'receipts', 'quarantine'].includes(folder),
    ),
  )('does not take for a stranger what the archive keeps below %s/', (folder) =>
    expect(strangerOf(DATE_LAYOUT, `${folder}/2026/05/20/one.json`)).toBeUndefined(),
  );

  it('knows recordings and receipts in quarantine, and what stands beside them', () => {
    const id = '3f1c1a5e-0000-4000-8000-000000000001';
    const key = `quarantine/archive/2026/05/20/${id}.enc`;
    for (const known of [key, `receipts/${key}.json`, `context/${key}.json.enc`, `keys/${key}/one.json`])
      expect({ known, as: strangerOf(DATE_LAYOUT, known) }).toEqual({ known, as: undefined });
  });

  it('names what nothing of the archive could have written', () => {
    for (const key of ['notes.txt', 'removals', 'archive/2026/05/20/one.txt', 'else/2026/05/20/one.json'])
      expect(strangerOf(DATE_LAYOUT, key)).toMatchObject({ kind: 'foreign' });
  });
});
