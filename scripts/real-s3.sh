#!/bin/bash
# A real S3 server for the store's conformance suite and the race of compactors: Ceph radosgw 20 with one monitor and one OSD, from Debian forky, in a
# root of its own, listening on loopback only.
#
#   real-s3.sh up DIR     builds the root in DIR/root (about 800 MB, once), starts a new, empty cluster, prints its endpoint
#   real-s3.sh down DIR   stops it
#   real-s3.sh test       up, runs the suite against it, down (unless it was up before); ends with `N passed, N failed[, N skipped]`
#
# Credentials: testkey / testsecret. Needs Linux, root, and mmdebstrap (installed when missing). Where that cannot be had,
# `test` says why and counts one skipped; REQUIRE_REAL_S3=1 makes that a failure. REAL_S3_DIR names DIR for `test`.
set -euo pipefail
# shellcheck source=scripts/debian-root.sh
source "$(dirname "${BASH_SOURCE[0]}")/debian-root.sh"
self=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/real-s3.sh

packages=radosgw,ceph-mon,ceph-osd,ceph-common
work=/srv/s3 # of the cluster, as seen inside the root
conf=$work/ceph.conf

say() { echo "real-s3: $*" >&2; }
# Exit status 69 (EX_UNAVAILABLE of sysexits.h): there is nothing wrong with the product, this place cannot run the server.
unavailable() {
  echo "real-s3: $*" >&2
  exit 69
}

free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }

# /proc, /dev and /sys are bound in a private mount namespace that vanishes with the processes: deleting DIR can never reach
# through a mount that was left behind.
in_root() {
  # shellcheck disable=SC2016
  unshare -m --propagation private bash -c \
    'r=$1; shift; for m in proc sys dev; do mount --rbind /$m "$r/$m"; done; exec chroot "$r" "$@"' _ "$root" "$@" 8>&-
}

write_conf() { # MON_PORT FSID
  cat >"$root$conf" <<CONF
[global]
fsid = $2
mon host = [v2:127.0.0.1:$1]
mon data = $work/mon
public addr = 127.0.0.1
public network = 127.0.0.0/8
ms bind ipv4 = true
ms bind ipv6 = false
# without this radosgw waits forever for a monitor that asks for no authentication
ms mon client mode = crc secure
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 1000
mon warn on pool no redundancy = false
osd objectstore = bluestore
# bytes; a sparse file
bluestore block size = 10737418240
osd memory target = 939524096
osd max object name len = 1280
osd max object namespace len = 64
osd check max object name len on startup = false
osd data = $work/osd
run dir = $work/run
admin socket = $work/run/\$name.asok
pid file = $work/run/\$name.pid
log file = $work/log/\$name.log
rgw data = $work/rgw
CONF
}

start_cluster() {
  local mon_port port fsid osd_uuid osd_id started=
  mon_port=$(free_port) port=$(free_port)
  fsid=$(cat /proc/sys/kernel/random/uuid) osd_uuid=$(cat /proc/sys/kernel/random/uuid)
  rm -rf --one-file-system "${root:?}$work"
  mkdir -p "$root$work"/{mon,osd,rgw,run,log}
  write_conf "$mon_port" "$fsid"
  local c=(-c "$conf") log=$root$work/log/start.log
  in_root monmaptool --create --clobber --fsid "$fsid" --addv a "[v2:127.0.0.1:$mon_port]" $work/monmap >/dev/null
  in_root ceph-mon "${c[@]}" -i a --mkfs --monmap $work/monmap 2>>"$log"
  in_root ceph-mon "${c[@]}" -i a 2>>"$log"
  osd_id=$(in_root ceph "${c[@]}" osd new "$osd_uuid" 2>>"$log")
  in_root ceph-osd "${c[@]}" -i "$osd_id" --mkfs --osd-uuid "$osd_uuid" 2>>"$log"
  in_root ceph-osd "${c[@]}" -i "$osd_id" >/dev/null 2>>"$log"
  for _ in $(seq 1 150); do
    in_root ceph "${c[@]}" osd stat 2>/dev/null | grep -q '1 up' && break
    sleep 0.1
  done
  in_root radosgw-admin "${c[@]}" user create --uid=test --display-name=test \
    --access-key=testkey --secret-key=testsecret >/dev/null 2>>"$log"
  in_root ceph-authtool --create-keyring $work/rgw/keyring --gen-key -n client.rgw.a >/dev/null
  in_root ceph "${c[@]}" auth add client.rgw.a mon 'allow *' osd 'allow *' -i $work/rgw/keyring 2>>"$log"
  in_root radosgw "${c[@]}" -n client.rgw.a --keyring $work/rgw/keyring \
    --rgw-frontends="beast endpoint=127.0.0.1:$port" >/dev/null 2>>"$log"
  for _ in $(seq 1 300); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && { started=1; break; }
    sleep 0.1
  done
  [[ $started ]] || { say "radosgw does not answer"; return 1; }
  echo "http://127.0.0.1:$port" >"$root$work/run/endpoint"
}

running() { [[ -f $root$work/run/client.rgw.a.pid ]] && kill -0 "$(cat "$root$work/run/client.rgw.a.pid")" 2>/dev/null; }

up() {
  [[ $(uname -s) == Linux ]] || unavailable "it runs on Linux only"
  [[ $(id -u) == 0 ]] || unavailable "building and entering its root needs root"
  unshare -m --propagation private true 2>/dev/null || unavailable "this place refuses a mount namespace (unshare -m)"
  mkdir -p "$1"
  dir=$(cd "$1" && pwd) root=$dir/root
  exec 8>"$dir/lock"
  flock 8
  if ! running; then
    debian_root "$dir" "$packages" usr/bin/radosgw
    # Reached through exit status, not `if !`, which would switch `set -e` off inside.
    trap 'status=$?; [[ $status == 0 ]] || { say "the cluster did not start; see $root$work/log"; down "$dir"; }' EXIT
    start_cluster
  fi
  flock -u 8
  cat "$root$work/run/endpoint"
}

# The gateway first, the monitor last: an OSD that loses its monitor waits for it instead of stopping.
down() {
  local run pid name
  run=$1/root$work/run
  for name in client.rgw.a osd.0 mon.a; do
    [[ -f $run/$name.pid ]] || continue
    pid=$(cat "$run/$name.pid")
    rm -f "$run/$name.pid"
    # A pid file may outlive a reboot; the number may be someone else's by now.
    grep -q '^ceph\|^radosgw' "/proc/$pid/comm" 2>/dev/null || continue
    kill "$pid" 2>/dev/null || continue
    for _ in $(seq 1 100); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -9 "$pid" 2>/dev/null || true
  done
}

run_tests() {
  cd "$(dirname "$self")/.."
  local dir=${REAL_S3_DIR:-.real-s3} endpoint status=0 was_up=
  root=$dir/root
  if running; then was_up=1; fi
  # shellcheck disable=SC2064
  [[ $was_up ]] || trap "down '$dir'" EXIT
  trap 'exit 130' INT TERM
  endpoint=$("$self" up "$dir") || status=$?
  if [[ $status == 69 ]]; then
    if [[ ${REQUIRE_REAL_S3:-} == 1 ]]; then
      echo "0 passed, 1 failed"
      return 1
    fi
    echo "0 passed, 0 failed, 1 skipped"
    return 0
  elif [[ $status != 0 ]]; then
    echo "0 passed, 1 failed"
    return 1
  fi
  TEST_S3_ENDPOINT=$endpoint AWS_ACCESS_KEY_ID=testkey AWS_SECRET_ACCESS_KEY=testsecret AWS_REGION=us-east-1 \
    npx --no-install vitest run test/store/s3/s3-store-real.test.ts test/catalogue/race-real.test.ts "$@"
}

case ${1:-} in
up) up "${2:?up DIR}" ;;
down) down "${2:?down DIR}" ;;
test) run_tests "${@:2}" ;;
*)
  sed -n '2,11s/^# \{0,1\}//p' "$self" >&2
  exit 2
  ;;
esac
