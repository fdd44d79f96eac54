import { describe, expect, it } from 'vitest';
import { parseRetentionFile } from '../../src/record/retention-file.ts';

const QUEUE = '0D5A3C6E-1111-4111-8111-111111111111';
const FILE = `{
  "schema": "genesys-media-archive/retention/v1",
  "by": "compliance",
  "rules": [
    { "name": "trades", "queues": ["${QUEUE}"], "keep": "7y", "remove": "8y" },
    {
      "name": "screens",
      "media": ["screen"],
      "keep": "90d"
    }
  ],
  "otherwise": { "keep": "1y" }
}`;
const refusal = (text: string) => {
  try {
    parseRetentionFile(text, 'retention.json');
  } catch (error) {
    return error as Error & { code: string };
  }
  return undefined;
};

describe('the retention file', () => {
  it('becomes rules in days, a year at its longest, ids in one spelling', () => {
    expect(parseRetentionFile(FILE, 'retention.json')).toMatchObject({
      by: 'compliance',
      rules: [
        { name: 'trades', queues: [QUEUE.toLowerCase()], keep: 7 * 366, remove: 8 * 366 },
        { name: 'screens', media: ['screen'], keep: 90 },
      ],
      otherwise: { keep: 366 },
    });
  });

  it.each([
    [
      'a member that is not known',
      ['"keep": "1y"', '"keep": "1y", "kepp": 1'],
      'line 12: otherwise.kepp is no member that is known',
    ],
    [
      'a missing member',
      ['"otherwise": { "keep": "1y" }', '"otherwise": {}'],
      'line 12: otherwise.keep is missing',
    ],
    ['a time that is none', ['"90d"', '"90 days"'], 'line 9: rules.1.keep is not a number of days or years'],
    ['more than S3 locks for', ['"90d"', '"200y"'], 'line 9: rules.1.keep is more than 36000 days'],
    ['what goes before it may', ['"8y"', '"6y"'], 'line 5: rules.0.remove is earlier than keep'],
    [
      'a rule for all',
      [', "queues": ["' + QUEUE + '"]', ''],
      'line 5: rules.0 has none of media, queues and divisions',
    ],
    ['a name that appears twice', ['"screens"', '"trades"'], 'line 7: rules.1.name stands in the file twice'],
    ['a name in place of an id', [QUEUE, 'Trading'], 'line 5: rules.0.queues.0 is not an id of the platform'],
    ['a medium that is none', ['["screen"]', '["video"]'], 'line 8: rules.1.media.0 is none of call, screen'],
    ['another schema', ['retention/v1', 'retention/v2'], 'line 2: schema is not'],
    ['a comma too few', ['"compliance",', '"compliance"'], 'line 4: a comma or } is missing'],
    ['a comma too many', ['"keep": "90d"', '"keep": "90d",'], 'line 10: a name in quotes is missing'],
    [
      'a member that appears twice',
      ['"keep": "1y"', '"keep": "1y", "keep": "2y"'],
      'line 12: "keep" appears twice',
    ],
    [
      'an end that comes too early',
      ['"otherwise": { "keep": "1y" }\n}', '"otherwise":'],
      'the file ends too early',
    ],
  ])('refuses %s with its line', (_, [from = '', to = ''], message) => {
    const error = refusal(FILE.replace(from, to));
    expect(error?.code).toBe('RETENTION_FILE_INVALID');
    expect(error?.message).toContain(message);
  });

  it.each(['', '[]', 'null', '{"a":1}x', '"', '{"\\u0000":tru}', '['.repeat(100_000)])(
    'refuses %j without falling over',
    (text) => {
      expect(refusal(text.slice(0, 200_000))?.code).toBe('RETENTION_FILE_INVALID');
    },
  );
});
