#!/bin/bash
# The runtime that AWS Lambda runs functions in (https://github.com/aws/aws-lambda-nodejs-runtime-interface-client), to run the bundle
# in as it will run there. It compiles native code when it is installed, so it is no dependency of this package.
#
#   lambda-runtime.sh install DIR   installs it into DIR (about 60 s on an idle machine)
#   lambda-runtime.sh test          installs it once, runs the tests in it; ends with `N passed, …`
#
# Needs cmake, make and g++. Where it cannot be had it says why and counts one skipped; REQUIRE_LAMBDA_RUNTIME=1 makes that a failure.
# LAMBDA_RUNTIME_DIR names the directory that `test` installs into (default .lambda-runtime). TEST_LAMBDA_NODES names the Node
# binaries to test with, comma-separated (default: the one that runs this).
set -euo pipefail

version=4.0.2

unavailable() {
  echo "lambda-runtime: $*" >&2
  if [[ ${REQUIRE_LAMBDA_RUNTIME:-} == 1 ]]; then
    echo "0 passed, 1 failed"
    exit 1
  fi
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

install_runtime() {
  local dir=$1
  [[ -f $dir/installed-$version ]] && return
  for tool in cmake make g++; do
    command -v "$tool" >/dev/null || unavailable "$tool is not installed, and the runtime is compiled with it"
  done
  echo "lambda-runtime: compiling the runtime (once, about 60 s)" >&2
  rm -rf "$dir/node_modules"
  echo '{ "private": true }' >"$dir/package.json"
  npm install --prefix "$dir" --no-package-lock --no-audit --no-fund "aws-lambda-ric@$version" >"$dir/install.log" 2>&1 &&
    [[ -f $dir/node_modules/aws-lambda-ric/rapid-client.node ]] ||
    unavailable "it cannot be installed; see $dir/install.log"
  touch "$dir/installed-$version"
}

case ${1:-} in
  install)
    [[ -n ${2:-} ]] || { echo "lambda-runtime: install where?" >&2; exit 2; }
    mkdir -p "$2"
    install_runtime "$(cd "$2" && pwd)"
    ;;
  test)
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    dir=${LAMBDA_RUNTIME_DIR:-.lambda-runtime}
    mkdir -p "$dir"
    dir=$(cd "$dir" && pwd)
    exec 8>"$dir/lock"
    flock 8
    install_runtime "$dir"
    TEST_LAMBDA_RUNTIME=$dir npx --no-install vitest run test/e2e/lambda-runtime.test.ts test/e2e/lambda-console.test.ts "${@:2}" 8>&-
    ;;
  *)
    sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
    exit 2
    ;;
esac
