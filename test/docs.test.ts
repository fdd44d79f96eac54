import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { listSettings } from '../src/config/schema.ts';
import {
  renderConfigurationDoc,
  renderConsoleApiDoc,
  renderErrorsDoc,
  renderReceiptSchema,
} from '../src/docs.ts';
import { ERROR_CODES } from '../src/error-codes.ts';

describe('what is committed is what is generated', () => {
  it.each([
    ['docs/configuration.md', renderConfigurationDoc()],
    ['docs/errors.md', renderErrorsDoc()],
    ['docs/console-api.md', renderConsoleApiDoc()],
    ['docs/receipt-v1.schema.json', renderReceiptSchema()],
  ])('%s', (file, generated) => {
    expect(readFileSync(file, 'utf8'), `${file} is behind its source: npm run docs:generate`).toBe(generated);
  });
});

describe('the pages are complete', () => {
  it.each(listSettings())('%s is in exactly one table', (name, { meaning, example }) => {
    const rows = renderConfigurationDoc()
      .split('\n')
      .filter((line) => line.startsWith(`| \`${name}\``));
    expect(rows).toHaveLength(1);
    expect(rows[0]?.split(' | ')).toHaveLength(5);
    expect(meaning.length).toBeGreaterThan(10);
    expect(example).not.toBe('');
  });

  it.each(Object.entries(ERROR_CODES))(
    '%s has an anchor, and its row points there',
    (code, { exit, meaning }) => {
      const page = renderErrorsDoc();
      expect(page).toContain(`\n## ${code}\n\n${meaning}\n\n- exit code: ${exit}\n`);
      expect(page).toContain(`| [\`${code}\`](#${code.toLowerCase()}) |`);
    },
  );

  it.each(listSettings().filter(([, setting]) => setting.secret !== true && !setting.example.includes(' ')))(
    'the example of %s is a good value',
    (_, { schema, example }) => {
      expect(schema.safeParse(example).success).toBe(true);
    },
  );
});
