// Writes docs/verify-proof.sh into src/proof/evidence/verify-script.ts: the program carries it in its bundle.
import { readFileSync, writeFileSync } from 'node:fs';

const quote = (line) => `  '${line.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}',`;
const lines = readFileSync('docs/verify-proof.sh', 'utf8').trimEnd().split('\n').map(quote);
writeFileSync(
  'src/proof/evidence/verify-script.ts',
  `/** docs/verify-proof.sh, as an evidence package carries it. Written by scripts/embed-script.mjs. */\nexport const VERIFY_SCRIPT = [\n${lines.join('\n')}\n  '',\n].join('\\n');\n`,
);
