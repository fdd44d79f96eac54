import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { HARDENED } from './hardened.ts';
import { COLUMNS, type Column, deedsOf, iamTable, may } from './iam-table.ts';
import { resourceOf, type Synthesised, synthesiseSettings } from './synthesise.ts';

const PAGE = 'docs/aws-permissions.md';
const BETWEEN = /(<!-- iam:table -->\n)[^]*?(\n<!-- \/iam:table -->)/;

let hardened: Synthesised;
beforeAll(() => {
  hardened = synthesiseSettings(HARDENED);
});
afterAll(() => hardened.end());

it('docs/aws-permissions.md says what each role may do, as an evaluator decides over the template', () => {
  const page = readFileSync(PAGE, 'utf8');
  const renewed = page.replace(BETWEEN, `$1${iamTable(hardened.template)}$2`);
  // RENEW_IAM_TABLE=1 npx vitest run test/infra/iam-table.test.ts
  if (process.env['RENEW_IAM_TABLE'] === '1') writeFileSync(PAGE, renewed);
  else expect(page).toBe(renewed);
  expect(page).toMatch(BETWEEN);
});

it('no role does more than its work, and no administrator removes, overwrites or decrypts', () => {
  const deeds = deedsOf(resourceOf(hardened.template, 'AWS::S3::Bucket', 'BucketObjects')[0]);
  const allowed = (column: Column) =>
    deeds.filter((deed) => may(hardened.template, column, deed)).map(({ what }) => what);
  expect(COLUMNS).toHaveLength(12);
  expect(allowed('writer')).toEqual([
    'store a recording that is absent',
    'store a receipt that is absent',
    'add a signed amendment',
    'read ciphertext',
    'read a receipt',
    'list the archive',
    'make a data key for a recording',
    'make a data key for facts',
    'read the OAuth client',
    'read the signing key',
    'take events from the queue',
  ]);
  expect(allowed('auditor')).toEqual([
    'read ciphertext',
    'read a receipt',
    'read who looked at what',
    'list the archive',
    'open a data key',
    'open facts or people of the catalogue',
    'read a job',
    'read facts',
    'read the catalogue',
  ]);
  // archives as the writer does, and opens nothing
  expect(allowed('job runner')).toEqual([
    'store a recording that is absent',
    'store a receipt that is absent',
    'add a signed amendment',
    'read ciphertext',
    'read a receipt',
    'list the archive',
    'make a data key for a recording',
    'make a data key for facts',
    'read a job',
    'write a job',
    'read the OAuth client',
    'read the signing key',
  ]);
  expect(allowed('rewrap')).toEqual([
    'copy a recording onto itself',
    'exchange an instruction file just read',
    'add a signed amendment',
    'read ciphertext',
    'read a receipt',
    'list the archive',
    'tag a recording, so that a rule removes it',
    'move a data key away',
    'move a data key here',
    'read the signing key',
  ]);
  // with depth `full`
  expect(allowed('verifier')).toEqual([
    'read ciphertext',
    'read a receipt',
    'list the archive',
    'open a data key',
    'open facts or people of the catalogue',
    'read the catalogue',
  ]);
  // can open no recording
  expect(allowed('compactor')).toEqual([
    'read a receipt',
    'list the archive',
    'open facts or people of the catalogue',
    'read facts',
    'read the catalogue',
    'replace the catalogue',
  ]);
  // can open nothing at all, and read no recording
  expect(allowed('facts')).toEqual([
    'make a data key for facts',
    'read facts',
    'replace facts',
    'read the OAuth client',
  ]);
  // opens nothing and removes nothing: the bucket removes what bears its tag
  expect(allowed('retainer')).toEqual([
    'read ciphertext',
    'read a receipt',
    'list the archive',
    'tag a recording, so that a rule removes it',
    'lock a recording, or make a lock longer',
    'read the catalogue',
    'read the signing key',
  ]);
  const taggers = COLUMNS.filter((column) =>
    allowed(column).includes('tag a recording, so that a rule removes it'),
  );
  expect(taggers).toEqual(['rewrap', 'retainer', 'break-glass']);
  // cannot archive, cannot read recordings, and alone signs the log
  // restores, and leaves nothing but reports
  expect(allowed('driller')).toEqual([
    'add the report of a drill',
    'read ciphertext',
    'read a receipt',
    'list the archive',
    'open a data key',
    'open facts or people of the catalogue',
  ]);
  expect(allowed('sealer')).toEqual([
    'add to the log',
    'move the pointer of the log',
    'read a receipt',
    'read who looked at what',
    'list the archive',
    'sign the log',
    'read the OAuth client',
  ]);
  const signers = COLUMNS.filter((column) => allowed(column).includes('sign the log'));
  expect(signers).toEqual(['sealer']);
  for (const forbidden of [
    'overwrite a recording',
    'copy from another bucket over a recording',
    'delete an object',
    'delete a version',
    'bypass a retention',
    'change lifecycle rules',
    'open a data key',
    'give the use of the key away',
    'read the signing key',
  ]) {
    expect(allowed('administrator')).not.toContain(forbidden);
  }
});
