// Refuses words that make prose hard to read: in comments and messages of src/, infra/ and packages/simulator/, in the pages, and in the
// titles of tests.
//
//   node scripts/check-prose.mjs             fails on each of them, with file, line and advice
//   node scripts/check-prose.mjs --root DIR  looks at another checkout
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const WORDS = [
  [/\b(?:whoever|whomever|whosoever)\b/gi, 'name the person: "a writer that …", "the caller"'],
  [/\bwhatever\b/gi, 'name the thing: "any …", "regardless of …"'],
  [
    /\b(?:nobody|somebody|anybody|everybody)\b/gi,
    'name the person: "no caller", "an operator", "another user"',
  ],
  [/\bthere (?:is|are) none\b/gi, 'write "without …" or "no …"'],
  [/\b(?:is|are) to be\b/gi, 'use an active verb: "must be", or say who does it'],
  [/\bhas to be had\b|\bcan(?:not)? be had\b/gi, 'write "is (not) available"'],
  [/\bto be had\b/gi, 'write "available"'],
  [/\b(?:what is (?:wanted|meant)|what there is)\b/gi, 'use a noun'],
  [/\b(?:speaks?|spoke|spoken) of\b/gi, 'write "names", "lists", "is about"'],
  [/\b(?:do|does|did) without\b/gi, 'say what happens instead'],
  [/\bmakes? good\b/gi, 'use the verb: "replaces", "repairs"'],
  [/\bthe same again\b/gi, 'say what is repeated'],
  [/\bwhence\b/gi, 'write "where … from"'],
  [/\ball there is\b/gi, 'use a noun'],
  [/\bfor good\b/gi, 'write "permanently", or that it is final'],
  [/\b(?:utilize|utilise|in order to)\b/gi, 'write "use" or "to"'],
];
/** Made from sources that are looked at themselves. */
const GENERATED = new Set(['docs/configuration.md', 'docs/errors.md']);
const PAGES = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'AGENTS.md', 'SECURITY.md'];

const at = process.argv.indexOf('--root');
const root = at === -1 ? '.' : process.argv[at + 1];

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
  ...under('web', '.ts'),
  ...under('web', '.tsx'),
  ...under('packages/simulator/src', '.ts'),
].toSorted((a, b) => (a < b ? -1 : 1));

/** A line of a test that begins a case or a group: `it('…`, `describe('…`, and the title behind a table. */
const TITLE = /\b(?:it|describe)(?:\.\w+)*\(\s*['"`]|^\s*(?:\](?: as const)?|it\.\w+\([A-Z_]+\))\)?\(['"`]/;
const titlesOf = (line) => (TITLE.test(line) ? line : '');

const found = [];
const look = (file, visible = (line) => line) =>
  readFileSync(join(root, file), 'utf8')
    .split('\n')
    .forEach((line, index) => {
      for (const [pattern, advice] of WORDS) {
        for (const [text] of visible(line).matchAll(pattern)) {
          found.push(`${file}:${index + 1}: "${text}": ${advice}`);
        }
      }
    });
for (const file of files) look(file);
const tests = under('test', '.ts').filter((file) => file !== 'test/prose.test.ts');
for (const file of tests) look(file, titlesOf);

for (const line of found) console.error(line);
if (found.length === 0)
  console.log(`prose: ${files.length} files and ${tests.length} tests, none of the listed words`);
process.exit(found.length === 0 ? 0 : 1);
