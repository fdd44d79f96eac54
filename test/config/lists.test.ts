import { describe, expect, it } from 'vitest';
import { retention } from '../../src/config/deploy/home.ts';
import { keyFiles, timestampUrls, witnessList } from '../../src/config/values/proof.ts';
import { retentionAtWrite } from '../../src/config/retention-at-write.ts';
import { kmsKeyIds } from '../../src/config/values/values.ts';

const VKEY = `witness.example.com+0123abcd+${'A'.repeat(43)}=`;
const problemOf = (parsed: {
  readonly error?: { readonly issues: readonly { readonly message: string }[] } | undefined;
}) => parsed.error?.issues[0]?.message;

describe('a list in which a second mention contradicts the first, or passes for a second one of its kind', () => {
  it.each([
    ['a kind of content', retentionAtWrite, 'tags audio=30 audio=40', 'says the days of one kind twice'],
    ['a key file', keyFiles, 'log.pem, log.pem', 'names one file twice: two are two keys'],
    ['a key of KMS', kmsKeyIds, 'alias/log,alias/log', 'names one key twice: two are two keys'],
    [
      'a time-stamping authority',
      timestampUrls,
      'https://tsa.example.com,https://tsa.example.com',
      'names one authority twice: two are two owners',
    ],
    [
      'a witness at two addresses',
      witnessList,
      `${VKEY} https://one.example.com,${VKEY} https://other.example.com`,
      'names one witness twice',
    ],
  ])('is refused: %s', (_, schema, text, problem) => {
    expect(problemOf(schema.safeParse(text))).toBe(problem);
  });

  it('is refused in the settings of a stack: a kind of content, a number of days', () => {
    expect(problemOf(retention.safeParse({ atWrite: 'compliance audio=1 video=2 audio=3' }))).toMatch(
      /retain rules/,
    );
    expect(retention.safeParse({ atWrite: 'compliance audio=1 video=2 other=3' }).success).toBe(true);
    expect(problemOf(retention.safeParse({ removeAfterDays: [20, 30, 20] }))).toBe(
      'names a number of days twice',
    );
  });

  it('is taken with two of its kind', () => {
    expect(keyFiles.parse('old.pem,new.pem')).toEqual(['old.pem', 'new.pem']);
    expect(kmsKeyIds.parse('alias/old,alias/new')).toEqual(['alias/old', 'alias/new']);
    expect(retentionAtWrite.parse('tags audio=30 video=40')).toEqual({
      by: 'tags',
      days: { audio: 30, video: 40 },
    });
  });
});
