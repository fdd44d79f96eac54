#!/usr/bin/env bash
# Runs the tests of envelopes, receipts and signed requests once under `node --force-fips`; see docs/fips.md. Skipped, with the reason,
# where this Node.js has no FIPS provider.
set -uo pipefail
cd "$(dirname "$0")/.."

if ! reason=$(node --force-fips -e 'process.exit(require("node:crypto").getFips() === 1 ? 0 : 1)' 2>&1); then
  echo "skipped: node $(node --version) with OpenSSL $(node -p process.versions.openssl) has no FIPS provider"
  echo "$reason" | grep -m 1 -o 'could not load the shared library\|fips.so: .*' || true
  exit 0
fi
exec node --force-fips node_modules/vitest/vitest.mjs run --execArgv=--force-fips \
  test/envelope test/record/receipt/receipt.test.ts test/aws/sigv4.test.ts
