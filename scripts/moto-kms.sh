#!/bin/bash
# A KMS that others wrote, to compare the simulator's with: moto (https://docs.getmoto.org) from Debian forky, in a root of
# its own, listening on loopback only while the tests run.
#
#   moto-kms.sh test    builds the root (about 400 MB, once), runs the scenario against moto, and `doctor --stack` against a
#                       small deployment in it; ends with `N passed, …`
#
# Needs Linux, root, and mmdebstrap (installed when missing). Where that cannot be had it says why and counts one skipped;
# REQUIRE_MOTO=1 makes that a failure. MOTO_DIR names the directory of the root (default .moto).
set -euo pipefail
# shellcheck source=scripts/debian-root.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian-root.sh"

packages=python3-moto,python3-flask,python3-flask-cors,python3-cryptography

unavailable() {
  echo "moto-kms: $*" >&2
  if [[ ${REQUIRE_MOTO:-} == 1 ]]; then
    echo "0 passed, 1 failed"
    exit 1
  fi
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
}

# /proc, /dev and /sys are bound in a private mount namespace that vanishes with the process: deleting the root can never
# reach through a mount that was left behind.
start_moto() {
  # shellcheck disable=SC2016
  unshare -m --propagation private bash -c \
    'r=$1; shift; for m in proc sys dev; do mount --rbind /$m "$r/$m"; done; exec chroot "$r" "$@"' _ "$root" \
    moto_server -H 127.0.0.1 -p "$1" >"$dir/moto.log" 2>&1 &
  server=$!
  trap 'kill "$server" 2>/dev/null || true' EXIT
  for _ in $(seq 1 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  echo "moto-kms: moto does not answer; see $dir/moto.log" >&2
  echo "0 passed, 1 failed"
  exit 1
}

if [[ ${1:-} != test ]]; then
  sed -n '2,9s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
cd "$(dirname "${BASH_SOURCE[0]}")/.."
[[ $(uname -s) == Linux ]] || unavailable "it runs on Linux only"
[[ $(id -u) == 0 ]] || unavailable "building and entering its root needs root"
unshare -m --propagation private true 2>/dev/null || unavailable "this place refuses a mount namespace (unshare -m)"
dir=${MOTO_DIR:-.moto}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd) root=$dir/root
exec 8>"$dir/lock"
flock 8
debian_root "$dir" "$packages" usr/bin/moto_server
port=$(node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})')
start_moto "$port"
# What a deployment is made of, besides KMS, this moto may or may not have.
others=
if chroot "$root" python3 -c 'import moto.awslambda.models, moto.cloudformation.models' >/dev/null 2>&1; then
  others=http://127.0.0.1:$port
else
  echo "moto-kms: this moto has no Lambda or no CloudFormation; doctor --stack is not tried against it" >&2
fi
TEST_KMS_ENDPOINT=http://127.0.0.1:$port ${others:+env TEST_AWS_ENDPOINT=$others} npx --no-install vitest run \
  test/simulator/kms-moto.test.ts test/stack/doctor-moto.test.ts "${@:2}" 8>&-
