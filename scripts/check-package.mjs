// Refuses a package that has become too large. npm runs it after `npm pack`; `npm publish` packs where this does not look.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of the tarball. */
const MAX_PACKAGE_BYTES = 2_000_000;

const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'));
const file = join(process.env['npm_config_pack_destination'] || '.', `${name}-${version}.tgz`);
if (existsSync(file)) {
  const { size } = statSync(file);
  if (size > MAX_PACKAGE_BYTES) {
    console.error(`${file} has ${size} bytes, and at most ${MAX_PACKAGE_BYTES} are allowed`);
    process.exit(1);
  }
}
