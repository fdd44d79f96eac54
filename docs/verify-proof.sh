#!/bin/sh
# verify-proof.sh [FILE LOG_PUBLIC_KEY.pem ORIGIN]                                POSIX sh and openssl 3, nothing else
# verify-proof.sh OLDER_CHECKPOINT PROOF.consistency LOG_PUBLIC_KEY.pem ORIGIN
#
# With three arguments: checks FILE against FILE.tlog-proof. With four: that the log still begins with a checkpoint that you kept.
# Without: checks the whole evidence package in the working directory, with the keys in keys/ of it. Those keys are as good as the
# package: compare keys/FINGERPRINTS.txt with what the owner of the archive has published elsewhere.
set -euf
LC_ALL=C
export LC_ALL
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
# what a line of a signature begins with, U+2014
DASH=$(printf '\342\200\224')
name=package
fail() { printf 'FAIL: %s: %s\n' "$name" "$1"; exit 1; }
b64d() { openssl base64 -d -A; }
sha() { openssl dgst -sha256 -r < "$1" | cut -c1-64; }

# The checkpoint: of this log, and signed with this key. Leaves size and root. $1 note  $2 key  $3 origin
checkpoint() {
  sed '/^$/,$d' "$1" > "$t/text"
  [ "$(sed -n 1p "$t/text")" = "$3" ] || fail 'the checkpoint is of another log'
  [ "$(wc -l < "$t/text" | tr -d ' ')" = 3 ] || fail 'the checkpoint has more lines than it may'
  openssl pkey -pubin -in "$2" -outform DER | tail -c 32 > "$t/raw"
  id=$({ printf '%s\n\001' "$3"; cat "$t/raw"; } | openssl dgst -sha256 -binary | head -c 4 | openssl base64 -A)
  signed=no
  sed '1,/^$/d' "$1" > "$t/signatures"
  while IFS=' ' read -r dash signer s rest; do
    [ "$dash" = "$DASH" ] && [ -n "$s" ] && [ -z "$rest" ] || fail 'a line of the checkpoint is no signature'
    [ "$signer" = "$3" ] || continue
    printf %s "$s" | b64d > "$t/line"
    [ "$(head -c 4 "$t/line" | openssl base64 -A)" = "$id" ] || continue
    tail -c +5 "$t/line" > "$t/sig"
    openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$t/text" -sigfile "$t/sig" > "$t/out" 2>&1 ||
      fail 'the signature is wrong'
    signed=yes
  done < "$t/signatures"
  [ $signed = yes ] || fail 'not signed with this key'
}

# Arithmetic on foreign text runs commands in some shells.
numbers() {
  for n in "$@"; do
    case $n in '' | *[!0-9]* | 0?* | ?????????????*) fail 'not a number' ;; esac
  done
}

# A hash of 32 bytes into $t/h. $1 base64
decode() {
  case $1 in *[!0-9A-Za-z+/=]* | *=?*) fail 'the path is malformed' ;; ???????????????????????????????????????????=) ;; *) fail 'the path is malformed' ;; esac
  printf %s "$1" | b64d > "$t/h"
}

# The node above two others, SHA-256(0x01 left right), into $3. $1 left  $2 right
node() {
  { printf '\001'; cat "$1" "$2"; } | openssl dgst -sha256 -binary > "$t/n"
  mv "$t/n" "$3"
}

# One file and its proof. $1 file  $2 key  $3 origin
proof() {
  p=$1.tlog-proof
  [ -f "$p" ] || fail 'there is no proof beside it'
  [ "$(sed -n 1p "$p")" = c2sp.org/tlog-proof@v1 ] || fail 'not a proof file'
  sed -n '2s/^extra //p' "$p" | b64d > "$t/entry"
  [ "$(sha "$1")" = "$(cut -d' ' -f3 "$t/entry")" ] || fail 'the entry is of another file'
  sed '1,/^$/d' "$p" > "$t/note"
  # a package has one checkpoint: its signature is checked once
  if [ ! -f "$t/good" ] || ! cmp -s "$t/note" "$t/good"; then
    checkpoint "$t/note" "$2" "$3"
    cp "$t/note" "$t/good"
  fi
  size=$(sed -n 2p "$t/good") root=$(sed -n 3p "$t/good") index=$(sed -n '3s/^index //p' "$p")
  numbers "$size" "$index"
  [ "$index" -lt "$size" ] || fail 'beyond the tree'
  # the path leads from the entry to the root: RFC 9162, section 2.1.3.2
  fn=$index sn=$((size - 1))
  { printf '\000'; cat "$t/entry"; } | openssl dgst -sha256 -binary > "$t/r"
  for h in $(sed '1,3d;/^$/,$d' "$p"); do
    [ "$sn" != 0 ] || fail 'the path is too long'
    decode "$h"
    if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
      node "$t/h" "$t/r" "$t/r"
      while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      node "$t/r" "$t/h" "$t/r"
    fi
    fn=$((fn / 2)) sn=$((sn / 2))
  done
  [ "$sn" = 0 ] && [ "$(openssl base64 -A < "$t/r")" = "$root" ] || fail 'not in the tree'
}

# A newer checkpoint continues an older one: RFC 9162, section 2.1.4.2. $1 older  $2 proof, with the newer  $3 key  $4 origin
consistency() {
  checkpoint "$1" "$3" "$4"
  from=$(sed -n 2p "$1") old=$(sed -n 3p "$1")
  sed '1,/^$/d' "$2" > "$t/newer"
  checkpoint "$t/newer" "$3" "$4"
  size=$(sed -n 2p "$t/newer") root=$(sed -n 3p "$t/newer")
  numbers "$from" "$size"
  [ "$(sed -n 1p "$2")" = "old $from" ] || fail 'the proof is from another checkpoint'
  [ "$from" -gt 0 ] && [ "$from" -le "$size" ] || fail 'the older checkpoint is of a longer log'
  path=$(sed '1d;/^$/,$d' "$2")
  if [ "$from" = "$size" ]; then
    [ -z "$path" ] && [ "$old" = "$root" ] || fail 'the log does not begin with the older checkpoint'
    return
  fi
  fn=$((from - 1)) sn=$((size - 1))
  while [ $((fn % 2)) = 1 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
  # the older tree is one complete subtree: its root is known, and stands in no proof
  [ "$fn" != 0 ] || path="$old $path"
  first=yes
  for h in $path; do
    decode "$h"
    if [ $first = yes ]; then
      cp "$t/h" "$t/r"
      cp "$t/h" "$t/o"
      first=no
      continue
    fi
    [ "$sn" != 0 ] || fail 'the path is too long'
    if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
      node "$t/h" "$t/o" "$t/o"
      node "$t/h" "$t/r" "$t/r"
      while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      node "$t/r" "$t/h" "$t/r"
    fi
    fn=$((fn / 2)) sn=$((sn / 2))
  done
  [ $first = no ] && [ "$sn" = 0 ] && [ "$(openssl base64 -A < "$t/o")" = "$old" ] &&
    [ "$(openssl base64 -A < "$t/r")" = "$root" ] || fail 'the log does not begin with the older checkpoint'
}

if [ $# = 3 ]; then
  name=$1
  proof "$1" "$2" "$3"
  echo "OK: $(cat "$t/entry") is entry $index of $size"
  exit 0
fi
if [ $# = 4 ]; then
  name=$2
  consistency "$1" "$2" "$3" "$4"
  echo "OK: the log of $size entries begins with the $from of $1"
  exit 0
fi
[ $# = 0 ] || { sed -n '2,3s/^# /usage: sh /p' "$0"; exit 2; }

# A receipt: signed, and of the recording that lies beside it. $1 receipt
receipt() {
  kid=$(sed -n 's/.*"signature":{"algorithm":"Ed25519","keyId":"\([0-9a-f]\{16\}\)","value":"[^"]*"}.*/\1/p' "$1")
  if [ -n "$kid" ]; then
    [ -f "keys/receipts-$kid.pem" ] || fail "signed with a key that is not in keys/: $kid"
    sed 's/,"signature":{"algorithm":"Ed25519","keyId":"[0-9a-f]*","value":"[^"]*"}//' "$1" | tr -d '\n' > "$t/signed"
    sed -n 's/.*"signature":{[^}]*"value":"\([^"]*\)"}.*/\1/p' "$1" | b64d > "$t/sig"
    openssl pkeyutl -verify -pubin -inkey "keys/receipts-$kid.pem" -rawin -in "$t/signed" -sigfile "$t/sig" > "$t/out" 2>&1 ||
      fail 'the signature of the receipt is wrong'
  else
    echo "NOTE: $1: the receipt is not signed"
  fi
  base=${1#receipts/}
  base=${base%.receipt.json}
  for m in $(grep -F "media/$base." "$t/media" || true); do
    case $m in
      "media/$base.enc") want=$(sed -n 's/.*"ciphertext":{[^}]*"sha256":"\([0-9a-f]*\)".*/\1/p' "$1") ;;
      # metadata, and what has a receipt of its own, as another version has
      "media/$base."*.*) continue ;;
      "media/$base."*) want=$(sed -n 's/.*"plaintext":{[^}]*"sha256":"\([0-9a-f]*\)".*/\1/p' "$1") ;;
      *) continue ;;
    esac
    [ -n "$want" ] || { echo "NOTE: $m: the receipt states no hash of it"; continue; }
    name=$m
    [ "$(sha "$m")" = "$want" ] || fail 'not the recording that the receipt describes'
    name=$1
  done
  # of a recording that was archived again: this one takes the place of a lower version of the same object
  before=$(sed -n 's/.*"predecessor":{"key":"\([^"]*\)".*/\1/p' "$1")
  [ -n "$before" ] || return 0
  stem=${base%.v*}
  version=${base#"$stem".v}
  case $version in [2-9] | [1-9][0-9]) ;; *) fail 'the receipt of a successor has the name of a first object' ;; esac
  case $(sed -n 's/.*"key":"\([^"]*\)","store".*/\1/p' "$1") in */"$base".enc) ;; *) fail 'the receipt is of another object' ;; esac
  lower=1
  case $before in
    */"$stem".enc) ;;
    */"$stem".v[2-9].enc | */"$stem".v[1-9][0-9].enc) lower=${before%.enc} lower=${lower##*.v} ;;
    *) fail 'the receipt names a predecessor of another recording' ;;
  esac
  [ "$lower" -lt "$version" ] || fail 'the receipt names a predecessor that is newer'
  # unsigned, it makes no successor where signing keys are known
  [ -z "$kid" ] && find keys -name 'receipts-*.pem' | grep -q . || printf '%s %s %s\n' "$stem" "$version" "$before" >> "$t/versions"
}

# A witness has seen this checkpoint (C2SP tlog-cosignature). Leaves witness and time. $1 cosignature
cosigned() {
  w=${1#checkpoint.}
  w=${w%.cosig}
  [ -f "keys/witness-$w.pem" ] && [ -f "keys/witness-$w.vkey" ] || fail 'the key of the witness is not in keys/'
  witness=$(cut -d+ -f1 "keys/witness-$w.vkey")
  openssl pkey -pubin -in "keys/witness-$w.pem" -outform DER | tail -c 32 > "$t/raw"
  id=$({ printf '%s\n\004' "$witness"; cat "$t/raw"; } | openssl dgst -sha256 -r | cut -c1-8)
  [ "$(wc -l < "$1" | tr -d ' ')" = 1 ] && [ "$(cut -d' ' -f1-2 "$1")" = "$DASH $witness" ] || fail 'of another witness'
  cut -d' ' -f3 "$1" | tr -d '\n' | b64d > "$t/line"
  hex=$(od -An -v -tx1 "$t/line" | tr -d ' \n')
  case $hex in "$w"*) ;; *) fail 'of another key' ;; esac
  [ "$id" = "$w" ] && [ ${#hex} = 152 ] || fail 'of another key'
  time=$(printf %d "0x$(printf %s "$hex" | cut -c9-24)")
  { printf 'cosignature/v1\ntime %s\n' "$time"; sed '/^$/,$d' checkpoint; } > "$t/signed"
  tail -c 64 "$t/line" > "$t/sig"
  openssl pkeyutl -verify -pubin -inkey "keys/witness-$w.pem" -rawin -in "$t/signed" -sigfile "$t/sig" > "$t/out" 2>&1 ||
    fail 'the signature of the witness is wrong'
}

bad=0
say() { printf 'FAIL: %s\n' "$1"; bad=1; }
[ -f MANIFEST.sha256 ] || { echo 'FAIL: MANIFEST.sha256: not there'; exit 1; }
grep -v '^[0-9a-f]\{64\}  [0-9A-Za-z._=+@:/-]*$' MANIFEST.sha256 > "$t/out" && say 'MANIFEST.sha256: malformed'
find . -type f ! -path ./MANIFEST.sha256 -exec openssl dgst -sha256 -r {} + | sed 's,^\([^ ]*\) \*\./,\1  ,' | sort > "$t/found"
sort MANIFEST.sha256 > "$t/stated"
cut -c67- MANIFEST.sha256 > "$t/names"
comm -23 "$t/found" "$t/stated" > "$t/other"
while IFS= read -r line; do
  f=${line#*  }
  if grep -Fxq -e "$f" "$t/names"; then say "$f: changed since the package was made"; else say "$f: not in MANIFEST.sha256"; fi
done < "$t/other"
comm -13 "$t/found" "$t/stated" > "$t/other"
cut -c67- "$t/found" > "$t/names"
while IFS= read -r line; do
  f=${line#*  }
  [ -f "$f" ] || say "MANIFEST.sha256: names $f, which is not there"
  # a name that is there is reported above, unless it cannot be read, or is stated twice
  [ ! -f "$f" ] || grep -Fxq -e "$f" "$t/names" || say "$f: cannot be read"
  bad=1
done < "$t/other"

origin=$(cat keys/ORIGIN)
checked=0
find media -type f > "$t/media" 2> /dev/null || true
while IFS= read -r m; do
  case $m in *.enc.metadata.json) base=${m%.enc.metadata.json} ;; *) base=${m%.*} ;; esac
  [ -f "receipts/${base#media/}.receipt.json" ] || say "$m: no receipt describes it"
done < "$t/media"
: > "$t/versions"
# in this shell, so that the checkpoint is checked once; a failure is told and the next one is looked at
for f in $(find receipts days -type f 2> /dev/null | grep '\.json$' | sort); do
  name=$f
  result=$( (proof "$f" keys/log-public.pem "$origin") 2>&1) || { echo "${result:-FAIL: $f: cannot be read}"; bad=1; continue; }
  case $f in
    receipts/*) result=$( (receipt "$f") 2>&1) || { echo "${result:-FAIL: $f: cannot be read}"; bad=1; continue; }
      [ -z "$result" ] || echo "$result" ;;
  esac
  checked=$((checked + 1))
done
# of several versions of a recording, readers of the archive take the highest
sort -k1,1 -k2,2nr "$t/versions" > "$t/sorted"
last=
while IFS=' ' read -r stem version before; do
  [ "$stem" = "$last" ] || echo "CURRENT: $stem.v$version takes the place of $before"
  last=$stem
done < "$t/sorted"
name=checkpoint
(checkpoint checkpoint keys/log-public.pem "$origin") || bad=1
for f in $(find . -name 'checkpoint.*.tsr' | sed 's,^\./,,'); do
  openssl ts -verify -data checkpoint -in "$f" -CAfile keys/tsa-ca.pem > "$t/out" 2>&1 &&
    echo "TIME: $f: $(openssl ts -reply -in "$f" -text 2> /dev/null | sed -n 's/^Time stamp: //p')" ||
    { echo "FAIL: $f: the time stamp does not verify"; bad=1; }
done
for f in $(find . -name 'checkpoint.*.cosig' | sed 's,^\./,,'); do
  name=$f
  if result=$( (cosigned "$f"; echo "WITNESS: $witness saw this checkpoint $time seconds after 1970") 2>&1); then echo "$result"; else
    echo "${result:-FAIL: $f: cannot be read}"
    bad=1
  fi
done
for f in $(find consistency -name '*.note' 2> /dev/null | sort); do
  name=$f
  if result=$( (consistency "$f" "$f.consistency" keys/log-public.pem "$origin"
    cmp -s "$t/newer" checkpoint || fail 'the proof leads to another checkpoint'
    echo "SINCE: the log begins with the $from entries of $f") 2>&1); then echo "$result"; else
    echo "${result:-FAIL: $f: cannot be read}"
    bad=1
  fi
done
[ $bad = 0 ] || { echo "NOT OK: see above; $checked verified"; exit 1; }
echo "OK: $checked files are in the log of $(sed -n 2p checkpoint) entries"
