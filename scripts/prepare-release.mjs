// Prepares a release: writes the public address of the repository into package.json and prints the command that publishes.
//
//   node scripts/prepare-release.mjs --repository https://github.com/OWNER/NAME
//
// Refuses without an address, with uncommitted changes, and when CHANGELOG.md has no section for the version. Publishes nothing.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

function refuse(problem, advice) {
  console.error(`prepare-release: ${problem}\n  ${advice}`);
  process.exit(2);
}

const [option, given, ...rest] = process.argv.slice(2);
if (option !== '--repository' || given === undefined || rest.length > 0) {
  refuse('the address of the repository is missing', 'pass --repository https://HOST/OWNER/NAME');
}
const address = URL.canParse(given) ? new URL(given) : undefined;
const path = address?.pathname.replace(/\.git$|\/$/g, '') ?? '';
if (
  address === undefined ||
  address.protocol !== 'https:' ||
  address.username !== '' ||
  address.password !== '' ||
  address.search !== '' ||
  address.hash !== '' ||
  !/^(?:\/[\w.-]+){2,}$/.test(path)
) {
  refuse(
    'this is not the address of a repository',
    'pass an https URL without user, query or fragment: https://HOST/OWNER/NAME',
  );
}
const home = `https://${address.host}${path}`;

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const changes = execFileSync('git', ['status', '--porcelain'], { encoding: 'utf8' }).trim();
if (changes !== '')
  refuse(
    'there are uncommitted changes',
    `commit or remove them:\n  ${changes.split('\n').slice(0, 5).join('\n  ')}`,
  );
const escaped = manifest.version.replaceAll('.', '\\.');
if (!new RegExp(`^## \\[${escaped}\\]`, 'm').test(readFileSync('CHANGELOG.md', 'utf8'))) {
  refuse(
    `CHANGELOG.md has no section for ${manifest.version}`,
    `rename "## [Unreleased]" to "## [${manifest.version}] - YYYY-MM-DD", or set the version`,
  );
}

const { name, version, description, license, ...others } = manifest;
const { repository: _repository, bugs: _bugs, homepage: _homepage, ...kept } = others;
const released = {
  name,
  version,
  description,
  license,
  homepage: `${home}#readme`,
  repository: { type: 'git', url: `git+${home}.git` },
  bugs: { url: `${home}/issues` },
  ...kept,
};
writeFileSync('package.json', `${JSON.stringify(released, null, 2)}\n`);
console.log(`package.json: repository, bugs and homepage are ${home}

Check the diff, then commit, tag and push:
  git commit -am "Release ${version}" && git tag v${version} && git push --follow-tags
Then publish from continuous integration of that repository, which is what can state provenance:
  npm ci && npm publish --provenance --access public`);
