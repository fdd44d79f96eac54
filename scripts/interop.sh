#!/bin/bash
# The suites against encryption clients that others wrote. The current client for Ruby (object format V3) is newer than most
# systems have, so it runs in a Debian root of its own; the other clients run where their packages are installed.
#
#   interop.sh test    builds the root (about 170 MB, once), runs the suites; ends with `N passed, N failed[, N skipped]`
#
# Where the root cannot be had, its suite is skipped with the reason; REQUIRE_INTEROP=1 makes that a failure. INTEROP_DIR names the
# directory of the root (default .interop).
set -euo pipefail
# shellcheck source=scripts/debian-root.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian-root.sh"

if [[ ${1:-} != test ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."

unavailable() {
  echo "interop: $*; the current client for Ruby is skipped" >&2
  exit 69 # EX_UNAVAILABLE of sysexits.h
}

prepare_root() {
  [[ $(uname -s) == Linux ]] || unavailable "it runs on Linux only"
  [[ $(id -u) == 0 ]] || unavailable "building and entering its root needs root"
  exec 8>"$dir/lock"
  flock 8
  debian_root "$dir" ruby,ruby-aws-sdk-s3,ruby-aws-sdk-kms usr/bin/ruby
  exec 8>&-
}

dir=${INTEROP_DIR:-.interop}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
ruby_root=
if (prepare_root); then ruby_root=$dir/root; elif [[ ${REQUIRE_INTEROP:-} == 1 ]]; then
  echo "0 passed, 1 failed"
  exit 1
fi
exec env ${ruby_root:+TEST_RUBY_ROOT="$ruby_root"} npx --no-install vitest run --config vitest.interop.config.ts "${@:2}"
