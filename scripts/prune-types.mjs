// Removes the declarations that no entry of the package leads to: the compiler writes one for each source.
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const { exports: entries } = JSON.parse(readFileSync('package.json', 'utf8'));
const roots = Object.values(entries).flatMap(({ types }) => (types === undefined ? [] : [resolve(types)]));
const needed = new Set(roots);
// a set hands out what is added while it is gone through
for (const file of needed) {
  const text = readFileSync(file, 'utf8');
  for (const [, target = ''] of text.matchAll(/(?:from|import)\s*\(?\s*['"](\.{1,2}\/[^'"]+)['"]/g)) {
    const declared = resolve(dirname(file), target.replace(/\.[jt]s$/, '.d.ts'));
    if (!existsSync(declared)) throw new Error(`${file} names ${target}, which has no declarations`);
    needed.add(declared);
  }
}
for (const folder of ['dist/types', 'dist/cdk/types']) {
  for (const name of readdirSync(folder, { recursive: true })) {
    const file = resolve(folder, name);
    if (file.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
  }
  removeEmpty(folder);
}

/** @returns whether the folder is gone. */
function removeEmpty(folder) {
  const left = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => !entry.isDirectory() || !removeEmpty(join(folder, entry.name)),
  );
  if (left.length > 0) return false;
  rmdirSync(folder);
  return true;
}
