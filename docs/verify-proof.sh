#!/bin/sh
# verify-proof.sh [FILE LOG_PUBLIC_KEY.pem ORIGIN]        POSIX sh and openssl 3, nothing else
#
# With arguments: checks FILE against FILE.tlog-proof.
# Without: checks the whole evidence package in the working directory, with the keys in keys/ of it. Those keys are as good as the
# package: compare keys/FINGERPRINTS.txt with what the owner of the archive has published elsewhere.
set -euf
LC_ALL=C
export LC_ALL
t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
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
  for s in $(sed '1,/^$/d' "$1" | cut -d' ' -f3); do
    printf %s "$s" | b64d > "$t/line"
    [ "$(head -c 4 "$t/line" | openssl base64 -A)" = "$id" ] || continue
    tail -c +5 "$t/line" > "$t/sig"
    openssl pkeyutl -verify -pubin -inkey "$2" -rawin -in "$t/text" -sigfile "$t/sig" > "$t/out" 2>&1 ||
      fail 'the signature is wrong'
    signed=yes
  done
  [ $signed = yes ] || fail 'not signed with this key'
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
  # arithmetic on foreign text runs commands in some shells
  for n in "$size" "$index"; do
    case $n in '' | *[!0-9]* | 0?* | ?????????????*) fail 'not a number' ;; esac
  done
  [ "$index" -lt "$size" ] || fail 'beyond the tree'
  # the path leads from the entry to the root: RFC 9162, section 2.1.3.2
  fn=$index sn=$((size - 1))
  { printf '\000'; cat "$t/entry"; } | openssl dgst -sha256 -binary > "$t/r"
  for h in $(sed '1,3d;/^$/,$d' "$p"); do
    [ "$sn" != 0 ] || fail 'the path is too long'
    printf %s "$h" | b64d > "$t/h"
    [ "$(wc -c < "$t/h" | tr -d ' ')" = 32 ] || fail 'the path is malformed'
    if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
      { printf '\001'; cat "$t/h" "$t/r"; } | openssl dgst -sha256 -binary > "$t/n"
      while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      { printf '\001'; cat "$t/r" "$t/h"; } | openssl dgst -sha256 -binary > "$t/n"
    fi
    mv "$t/n" "$t/r"
    fn=$((fn / 2)) sn=$((sn / 2))
  done
  [ "$sn" = 0 ] && [ "$(openssl base64 -A < "$t/r")" = "$root" ] || fail 'not in the tree'
}

if [ $# = 3 ]; then
  name=$1
  proof "$1" "$2" "$3"
  echo "OK: $(cat "$t/entry") is entry $index of $size"
  exit 0
fi
[ $# = 0 ] || { echo 'usage: sh verify-proof.sh [FILE LOG_PUBLIC_KEY.pem ORIGIN]'; exit 2; }

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
  for m in $(find media -type f 2> /dev/null); do
    case $m in
      "media/$base.enc") want=$(sed -n 's/.*"ciphertext":{[^}]*"sha256":"\([0-9a-f]*\)".*/\1/p' "$1") ;;
      "media/$base.enc.metadata.json") continue ;;
      "media/$base."*) want=$(sed -n 's/.*"plaintext":{[^}]*"sha256":"\([0-9a-f]*\)".*/\1/p' "$1") ;;
      *) continue ;;
    esac
    [ -n "$want" ] || { echo "NOTE: $m: the receipt states no hash of it"; continue; }
    name=$m
    [ "$(sha "$m")" = "$want" ] || fail 'not the recording that the receipt describes'
    name=$1
  done
}

bad=0
list=$(find . -type f | sed 's,^\./,,' | sort)
for f in $list; do
  name=$f
  [ "$f" != MANIFEST.sha256 ] || continue
  line=$(grep -F "  $f" MANIFEST.sha256 | grep "^[0-9a-f]\{64\}  $(printf %s "$f" | sed 's/\./\\./g')\$" || true)
  [ -n "$line" ] || { echo "FAIL: $f: not in MANIFEST.sha256"; bad=1; continue; }
  [ "$(printf %s "$line" | cut -c1-64)" = "$(sha "$f")" ] || { echo "FAIL: $f: changed since the package was made"; bad=1; }
done
while IFS= read -r line; do
  f=${line#*  }
  case $line in *[!0-9a-zA-Z._=\ /-]*) echo 'FAIL: MANIFEST.sha256: malformed'; bad=1 ;; esac
  [ -f "$f" ] || { echo "FAIL: MANIFEST.sha256: names $f, which is not there"; bad=1; }
done < MANIFEST.sha256

origin=$(cat keys/ORIGIN)
checked=0
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
name=checkpoint
(checkpoint checkpoint keys/log-public.pem "$origin") || bad=1
for f in $(find . -name 'checkpoint.*.tsr' | sed 's,^\./,,'); do
  openssl ts -verify -data checkpoint -in "$f" -CAfile keys/tsa-ca.pem > "$t/out" 2>&1 &&
    echo "TIME: $f: $(openssl ts -reply -in "$f" -text 2> /dev/null | sed -n 's/^Time stamp: //p')" ||
    { echo "FAIL: $f: the time stamp does not verify"; bad=1; }
done
[ $bad = 0 ] || { echo "NOT OK: see above; $checked verified"; exit 1; }
echo "OK: $checked files are in the log of $(sed -n 2p checkpoint) entries"
