// Refuses words that make prose hard to read, in comments and messages of src/, infra/ and packages/simulator/, and in the pages. What stood there when the list
// was made is counted, file by file, in scripts/prose-baseline.json: a file may not have more, and may have fewer.
//
//   node scripts/check-prose.mjs             fails on new ones, and where the baseline is higher than what is there
//   node scripts/check-prose.mjs --shrink    writes the lower counts into the baseline; never a higher one
//   node scripts/check-prose.mjs --init      writes a first baseline, where there is no file: after a merge of old branches
//   node scripts/check-prose.mjs --root DIR  looks at another checkout
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS = [
  [/\b(?:whoever|whomever|whosoever)\b/gi, 'name the person: "a writer that …", "the caller"'],
  [/\bwhatever\b/gi, 'name the thing: "any …", "regardless of …"'],
  [/\b(?:nobody|somebody|anybody)\b/gi, 'name the person: "no caller", "an operator", "another user"'],
  [/\bthere (?:is|are) none\b/gi, 'write "without …" or "no …"'],
  [/\b(?:is|are) to be\b/gi, 'use an active verb: "must be", or say who does it'],
  [/\bhas to be had\b|\bcan(?:not)? be had\b/gi, 'write "is (not) available"'],
  [/\bwhat is wanted\b/gi, 'use a noun'],
  [/\bthe same again\b/gi, 'say what is repeated'],
  [/\bwhence\b/gi, 'write "where … from"'],
  [/\ball there is\b/gi, 'use a noun'],
  [/\b(?:utilize|utilise|in order to)\b/gi, 'write "use" or "to"'],
];
/** Made from sources that are looked at themselves. */
const GENERATED = new Set(['docs/configuration.md', 'docs/errors.md']);
const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'AGENTS.md', 'SECURITY.md'];

const at = process.argv.indexOf('--root');
const root = at === -1 ? '.' : process.argv[at + 1];
const baselineFile = join(root, 'scripts/prose-baseline.json');
const baseline = existsSync(baselineFile) ? JSON.parse(readFileSync(baselineFile, 'utf8')) : {};

const under = (dir, ext) =>
  existsSync(join(root, dir))
    ? readdirSync(join(root, dir), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith(ext))
        .map((name) => `${dir}/${name.replaceAll('\\', '/')}`)
    : [];
const files = [
  ...PAGES.filter((page) => existsSync(join(root, page))),
  ...under('docs', '.md').filter((page) => !GENERATED.has(page)),
  ...under('src', '.ts'),
  ...under('infra', '.ts'),
  ...under('packages/simulator/src', '.ts'),
].toSorted((a, b) => (a < b ? -1 : 1));

const found = new Map();
for (const file of files) {
  const lines = readFileSync(join(root, file), 'utf8').split('\n');
  const here = lines.flatMap((line, index) =>
    WORDS.flatMap(([pattern, advice]) =>
      [...line.matchAll(pattern)].map(([text]) => ({ line: index + 1, text, advice })),
    ),
  );
  if (here.length > 0) found.set(file, here);
}

const counts = Object.fromEntries([...found].map(([file, here]) => [file, here.length]));
if (process.argv.includes('--init') && !existsSync(baselineFile)) {
  writeFileSync(baselineFile, `${JSON.stringify(counts, null, 2)}\n`);
  process.exit(0);
}
if (process.argv.includes('--shrink')) {
  const lower = Object.entries(baseline)
    .map(([file, allowed]) => [file, Math.min(allowed, counts[file] ?? 0)])
    .filter(([, allowed]) => allowed > 0);
  writeFileSync(baselineFile, `${JSON.stringify(Object.fromEntries(lower), null, 2)}\n`);
  process.exit(0);
}

let failed = false;
for (const [file, here] of found) {
  const allowed = baseline[file] ?? 0;
  if (here.length <= allowed) continue;
  failed = true;
  console.error(`${file}: ${here.length} of the listed words, ${allowed} allowed; rewrite the new ones:`);
  for (const { line, text, advice } of here) console.error(`  ${file}:${line}: "${text}": ${advice}`);
}
const shrunk = Object.keys(baseline).filter((file) => (counts[file] ?? 0) < baseline[file]);
if (shrunk.length > 0) {
  failed = true;
  console.error(`fewer than scripts/prose-baseline.json allows: ${shrunk.join(', ')}`);
  console.error('run `node scripts/check-prose.mjs --shrink`, and commit the baseline');
}
if (!failed) {
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  console.log(`prose: ${files.length} files, no new listed words (${total} old ones left)`);
}
process.exit(failed ? 1 : 0);
