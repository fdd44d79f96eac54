#!/bin/sh
# verify-proof.sh [--manifest-sha256 HASH] [--key LOG_PUBLIC_KEY.pem]             POSIX sh and openssl 3, nothing else
# verify-proof.sh FILE LOG_PUBLIC_KEY.pem ORIGIN
# verify-proof.sh OLDER_CHECKPOINT PROOF.consistency LOG_PUBLIC_KEY.pem ORIGIN
#
# With three arguments: checks FILE against FILE.tlog-proof. With four: that the log still begins with a checkpoint that you kept.
# Otherwise: checks the whole evidence package in the working directory. HASH is the SHA-256 of its MANIFEST.sha256, as it was noted
# when the package was handed over; the key is the log's, as the owner of the archive has published it. Without a key those of the
# package are used, which are as good as the package: compare the lines KEY with what was published.
# Ends with 0 when all is well, 1 when something is not, 2 when it could not look.
set -euf
LC_ALL=C
export LC_ALL
# echo takes a backslash for an escape, in some shells; what a package names must not drive a terminal
tell() {
  case $1 in
    *[[:cntrl:]]*) printf '%s\n' "$1" | tr '\001-\011\013-\037\177' '?' ;;
    *) printf '%s\n' "$1" ;;
  esac
}
case $(openssl pkeyutl -help 2>&1 || :) in *-rawin*) ;; *)
  tell "$(openssl version 2>&1 || :): this needs OpenSSL 3, which checks Ed25519 signatures"
  exit 2 ;;
esac
t=$(mktemp -d) || { tell 'no folder for temporary files: set TMPDIR'; exit 2; }
ended=
# what ended before its end has said nothing about the package
trap 'rm -rf "$t"; [ -n "$ended" ] || { tell "NOT CHECKED: ended before its end"; exit 2; }' EXIT
trap 'exit 2' HUP INT TERM
# what a line of a signature begins with, U+2014
DASH=$(printf '\342\200\224')
NL='
'
BASE64=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/
name=package
good=
fail() { tell "FAIL: $name: $1"; ended=yes; exit 1; }
usage() { sed -n '2,4s/^# /usage: sh /p' "$0"; ended=yes; exit 2; }
b64d() { openssl base64 -d -A; }

# SHA-256 of a file into $h, in hex. $1 file
sha() {
  h=$(openssl dgst -sha256 -r < "$1")
  h=${h%% *}
}

# Base64 into $o, as escapes of printf. A package has thousands of hashes: a process for each would take most of the time. $1 base64
octal() {
  case $1 in '' | *[!0-9A-Za-z+/=]* | *=[!=]* | *===*) fail 'malformed base64' ;; esac
  o= fill=
  case $1 in *==) q=${1%==}AA fill='\000\000' ;; *=) q=${1%=}A fill='\000' ;; *) q=$1 ;; esac
  while [ -n "$q" ]; do
    n=0
    for i in 1 2 3 4; do
      [ -n "$q" ] || fail 'malformed base64'
      c=${q%"${q#?}"} q=${q#?}
      c=${BASE64%%"$c"*}
      n=$((n * 64 + ${#c}))
    done
    o="$o\\$((n / 4194304))$((n / 524288 % 8))$((n / 65536 % 8))"
    o="$o\\$((n / 16384 % 4))$((n / 2048 % 8))$((n / 256 % 8))\\$((n / 64 % 4))$((n / 8 % 8))$((n % 8))"
  done
  case $o in *"$fill") o=${o%"$fill"} ;; *) fail 'malformed base64' ;; esac
}

# A hash of 32 bytes into $o. $1 base64
decode() {
  octal "$1"
  [ ${#o} = 128 ] || fail 'the path is malformed'
}

# SHA-256 of escapes of printf, into $o, as such again. $1 escapes
digest() {
  o=$(printf "$1" | openssl dgst -sha256 -c)
  IFS=:
  set -- ${o##*[= ]}
  unset IFS
  o=
  for b; do o="$o\\$((0x$b / 64))$((0x$b / 8 % 8))$((0x$b % 8))"; done
}

# Of standard input: lines up to the empty one into $hashes, each with a space before it, and all that follows into $note.
path_and_note() {
  hashes= note= line=
  while IFS= read -r line && [ -n "$line" ]; do
    case $line in *[!0-9A-Za-z+/=]*) fail 'the path is malformed' ;; esac
    hashes="$hashes $line"
  done
  while IFS= read -r line; do note=$note$line$NL; done
  note=$note$line
}

# The 32 bytes of a public key into $t/raw. $1 PEM
raw() {
  openssl pkey -pubin -in "$1" -outform DER > "$t/der" 2> "$t/out" || fail "$1 is no public key"
  tail -c 32 "$t/der" > "$t/raw"
}

# The checkpoint: of this log, and signed with this key. Leaves size and root. $1 note  $2 key  $3 origin
checkpoint() {
  sed '/^$/,$d' < "$1" > "$t/text"
  [ "$(sed -n 1p "$t/text")" = "$3" ] || fail 'the checkpoint is of another log'
  [ "$(wc -l < "$t/text" | tr -d ' ')" = 3 ] || fail 'the checkpoint has more lines than it may'
  raw "$2"
  id=$({ printf '%s\n\001' "$3"; cat "$t/raw"; } | openssl dgst -sha256 -binary | head -c 4 | openssl base64 -A)
  signed=no
  sed '1,/^$/d' < "$1" > "$t/signatures"
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
  size=$(sed -n 2p "$t/text") root=$(sed -n 3p "$t/text")
  numbers "$size"
}

# Arithmetic on foreign text runs commands in some shells.
numbers() {
  for n in "$@"; do
    case $n in '' | *[!0-9]* | 0?* | ?????????????*) fail 'not a number' ;; esac
  done
}

# One file and its proof. Leaves entry and index. $1 file  $2 key  $3 origin
proof() {
  [ -f "$1.tlog-proof" ] || fail 'there is no proof beside it'
  {
    version= extra= index=
    IFS= read -r version || :
    IFS= read -r extra || :
    IFS= read -r index || :
    path_and_note
  } < "$1.tlog-proof"
  [ "$version" = c2sp.org/tlog-proof@v1 ] && [ "$extra" != "${extra#extra }" ] && [ "$index" != "${index#index }" ] ||
    fail 'not a proof file'
  index=${index#index }
  octal "${extra#extra }"
  entry=$(printf "$o")
  sha "$1"
  [ "$h" = "${entry##* }" ] || fail 'the entry is of another file'
  # a package has one checkpoint, which others remember: its signature is checked once, and no proof may lead to another one
  if [ -z "$good" ] || [ "$note" != "$good" ]; then
    [ -z "$good" ] || fail 'the proof leads to another checkpoint than the one in the package'
    printf %s "$note" > "$t/note"
    checkpoint "$t/note" "$2" "$3"
  fi
  numbers "$index"
  [ "$index" -lt "$size" ] || fail 'beyond the tree'
  # the path leads from the entry to the root: RFC 9162, section 2.1.3.2
  digest "\\000$o"
  fn=$index sn=$((size - 1))
  set --
  while [ -n "$hashes" ]; do
    # what another proof has led to the root from here, by the same hashes, is not computed again
    known=$t/known.$fn.$sn state="$o$hashes $root" line=
    [ ! -f "$known" ] || IFS= read -r line < "$known"
    [ "$line" != "$state" ] || break
    set -- ${1+"$@"} "$known" "$state"
    [ "$sn" != 0 ] || fail 'the path is too long'
    below=$o h=${hashes# }
    h=${h%% *} hashes=${hashes#" $h"}
    decode "$h"
    if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
      digest "\\001$o$below"
      while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      digest "\\001$below$o"
    fi
    fn=$((fn / 2)) sn=$((sn / 2))
  done
  if [ -z "$hashes" ]; then
    below=$o
    decode "$root"
    [ "$sn" = 0 ] && [ "$o" = "$below" ] || fail 'not in the tree'
  fi
  while [ $# -gt 0 ]; do
    printf '%s\n' "$2" > "$1"
    shift 2
  done
}

# A newer checkpoint continues an older one: RFC 9162, section 2.1.4.2. $1 older  $2 proof, with the newer  $3 key  $4 origin
consistency() {
  checkpoint "$1" "$3" "$4"
  from=$size old=$root
  [ -f "$2" ] || fail 'there is no proof beside it'
  {
    version=
    IFS= read -r version || :
    path_and_note
  } < "$2"
  printf %s "$note" > "$t/newer"
  checkpoint "$t/newer" "$3" "$4"
  [ "$version" = "old $from" ] || fail 'the proof is from another checkpoint'
  [ "$from" -gt 0 ] && [ "$from" -le "$size" ] || fail 'the older checkpoint is of a longer log'
  if [ "$from" = "$size" ]; then
    [ -z "$hashes" ] && [ "$old" = "$root" ] || fail 'the log does not begin with the older checkpoint'
    return
  fi
  fn=$((from - 1)) sn=$((size - 1))
  while [ $((fn % 2)) = 1 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
  # the older tree is one complete subtree: its root is known, and stands in no proof
  [ "$fn" != 0 ] || hashes="$old $hashes"
  before= after=
  for h in $hashes; do
    decode "$h"
    if [ -z "$after" ]; then
      before=$o after=$o
      continue
    fi
    [ "$sn" != 0 ] || fail 'the path is too long'
    h=$o
    if [ $((fn % 2)) = 1 ] || [ "$fn" = "$sn" ]; then
      digest "\\001$h$before"
      before=$o
      digest "\\001$h$after"
      while [ $((fn % 2)) = 0 ] && [ "$fn" != 0 ]; do fn=$((fn / 2)) sn=$((sn / 2)); done
    else
      digest "\\001$after$h"
    fi
    after=$o fn=$((fn / 2)) sn=$((sn / 2))
  done
  decode "$old"
  h=$o
  decode "$root"
  [ "$sn" = 0 ] && [ "$before" = "$h" ] && [ "$after" = "$o" ] || fail 'the log does not begin with the older checkpoint'
}

told= own=
while [ $# -gt 0 ]; do
  case $1 in
    --manifest-sha256) [ $# -gt 1 ] || usage; told=$(printf %s "$2" | tr A-F a-f) ;;
    --key) [ $# -gt 1 ] || usage; own=$2 ;;
    *) break ;;
  esac
  shift 2
done
if [ $# != 0 ] && [ -n "$told$own" ]; then usage; fi
case $told in *[!0-9a-f]*) usage ;; esac
case ${#told} in 0 | 64) ;; *) usage ;; esac
if [ $# = 3 ]; then
  name=$1
  proof "$1" "$2" "$3"
  tell "OK: $entry is entry $index of $size"
  ended=yes
  exit 0
fi
if [ $# = 4 ]; then
  name=$2
  consistency "$1" "$2" "$3" "$4"
  tell "OK: the log of $size entries begins with the $from of $1"
  ended=yes
  exit 0
fi
[ $# = 0 ] || usage

# What a receipt states, one a line: of each, the last one in its line.
cat > "$t/facts.sed" <<'SED'
h
s/.*"signature":{"algorithm":"Ed25519","keyId":"\([0-9a-f]\{16\}\)","value":"\([^"]*\)"}.*/signature \1 \2/p
g
s/.*"ciphertext":{"bytes":\([0-9]*\)[,}].*/bytes \1/p
g
s/.*"ciphertext":{[^}]*"sha256":"\([0-9a-f]*\)".*/sha256 \1/p
g
s/.*"ciphertext":{[^}]*"leafBytes":\([0-9]*\)[,}].*/leafBytes \1/p
g
s/.*"ciphertext":{[^}]*"leaves":\["\([^]]*\)"\].*/leaves \1/p
g
s/.*"ciphertext":{[^}]*"leavesSha256":"\([0-9a-f]*\)".*/leavesSha256 \1/p
g
s/.*"plaintext":{[^}]*"sha256":"\([0-9a-f]*\)".*/plaintext \1/p
g
s/.*"predecessor":{"key":"\([^"]*\)".*/predecessor \1/p
g
s/.*"key":"\([^"]*\)","store".*/object \1/p
SED

# A receipt: signed, and of the recording that lies beside it. $1 receipt
receipt() {
  kid= value= bytes= whole= cut= leaves= list= plain= before= object=
  sed -n -f "$t/facts.sed" "$1" > "$t/facts"
  while IFS=' ' read -r fact stated more; do
    case $fact in
      signature) kid=$stated value=$more ;;
      bytes) bytes=$stated ;;
      sha256) whole=$stated ;;
      leafBytes) cut=$stated ;;
      leaves) leaves=$stated ;;
      leavesSha256) list=$stated ;;
      plaintext) plain=$stated ;;
      predecessor) before=$stated ;;
      object) object=$stated ;;
    esac
  done < "$t/facts"
  if [ -n "$kid" ]; then
    [ -f "keys/receipts-$kid.pem" ] || fail "signed with a key that is not in keys/: $kid"
    printf %s "$(sed 's/,"signature":{"algorithm":"Ed25519","keyId":"[0-9a-f]*","value":"[^"]*"}//' "$1")" > "$t/signed"
    octal "$value"
    printf "$o" > "$t/sig"
    openssl pkeyutl -verify -pubin -inkey "keys/receipts-$kid.pem" -rawin -in "$t/signed" -sigfile "$t/sig" > "$t/out" 2>&1 ||
      fail 'the signature of the receipt is wrong'
  else
    tell "NOTE: $1: the receipt is not signed"
  fi
  base=${1#receipts/}
  base=${base%.receipt.json}
  case $object in '' | */"$base".enc) ;; *) fail 'the receipt is of another object' ;; esac
  media "$1"
  # of a recording that was archived again: this one takes the place of a lower version of the same object
  [ -n "$before" ] || return 0
  stem=${base%.v*}
  version=${base#"$stem".v}
  case $version in [2-9] | [1-9][0-9]) ;; *) fail 'the receipt of a successor has the name of a first object' ;; esac
  [ -n "$object" ] || fail 'the receipt is of another object'
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

# The recording that a receipt describes, as it is stored or decrypted, by what the receipt states. $1 receipt
media() {
  set +f
  set -- "$1" "media/$base".*
  set -f
  receipt=$1 there=
  shift
  for m; do
    [ -f "$m" ] || continue
    name=$m
    case $m in
      "media/$base.enc") encrypted "$m" ;;
      # metadata, and what has a receipt of its own, as another version has
      "media/$base."*.*) continue ;;
      *)
        [ -n "$plain" ] || tell "NOTE: $m: the receipt states no hash of it"
        sha "$m"
        [ -z "$plain" ] || [ "$h" = "$plain" ] || fail 'not the recording that the receipt describes' ;;
    esac
    there=yes
  done
  name=$receipt
  case $entry in terminal\ *) ;; *) [ -n "$there" ] || fail 'the recording that it describes is not in the package' ;; esac
}

# A stored recording: of one piece, or of several that each have a hash, in the receipt or in a list beside it. $1 recording
encrypted() {
  wrong='not the recording that the receipt describes'
  if [ -n "$whole" ]; then
    sha "$1"
    [ "$h" = "$whole" ] || fail "$wrong"
  elif [ -n "$cut" ]; then
    numbers "$cut" "$bytes"
    if [ -n "$list" ]; then
      [ -f "receipts/$base.leaves" ] || fail "receipts/$base.leaves, by which it is checked, is not there"
      sha "receipts/$base.leaves"
      [ "$h" = "$list" ] || fail "receipts/$base.leaves is not the list that the receipt states"
      leaves=$(cat "receipts/$base.leaves")
    fi
    [ "$cut" -gt 0 ] && [ "$(wc -c < "$1" | tr -d ' ')" = "$bytes" ] || fail "$wrong"
    piece=0
    IFS=",\"$NL"
    set -- "$1" $leaves
    unset IFS
    stored=$1
    shift
    for want; do
      [ -n "$want" ] || continue
      h=$(dd if="$stored" bs="$cut" skip="$piece" count=1 2> /dev/null | openssl dgst -sha256 -r)
      [ "${h%% *}" = "$want" ] || fail "$wrong: piece $piece of $cut bytes"
      piece=$((piece + 1))
    done
    [ $((piece * cut)) -ge "$bytes" ] || fail "$wrong"
  else
    tell "NOTE: $1: the receipt states no hash of it"
  fi
}

# A witness has seen this checkpoint (C2SP tlog-cosignature). Leaves witness and time. $1 cosignature
cosigned() {
  w=${1#checkpoint.}
  w=${w%.cosig}
  [ -f "keys/witness-$w.pem" ] && [ -f "keys/witness-$w.vkey" ] || fail 'the key of the witness is not in keys/'
  witness=$(cut -d+ -f1 "keys/witness-$w.vkey")
  raw "keys/witness-$w.pem"
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

# keys/FINGERPRINTS.txt, which people compare with what was published, is of the keys that are used here; so is each .vkey.
fingerprints() {
  [ -f "$name" ] || fail 'not there'
  : > "$t/used"
  who= type= pem= title=
  while IFS= read -r line; do
    case $line in
      "log $origin") title=$line who=$origin type=001 pem=keys/log-public.pem vkey=keys/log.vkey ;;
      'witness '*) title=$line who=${line#witness } type=004 ;;
      'receipts '*) title=$line pem=keys/receipts-${line#receipts }.pem ;;
      'time stamps') title=$line ;;
      '  vkey '*)
        id=${line#*+}
        id=${id%%+*}
        [ "$type" = 001 ] || pem=keys/witness-$id.pem vkey=keys/witness-$id.vkey
        raw "$pem"
        id=$({ printf "%s\\n\\$type" "$who"; cat "$t/raw"; } | openssl dgst -sha256 -r | cut -c1-8)
        key=$who+$id+$({ printf "\\$type"; cat "$t/raw"; } | openssl base64 -A)
        [ "$line" = "  vkey $key" ] || fail "names another key than $pem, which is used here"
        [ "$(cat "$vkey" 2> "$t/out")" = "$key" ] || fail "names another key than $vkey" ;;
      '  SHA-256 of the 32 bytes '*)
        raw "$pem"
        sha "$t/raw"
        [ "${line##* }" = "$h" ] || fail "names another key than $pem, which is used here"
        tell "KEY: $title: SHA-256 of the 32 bytes $h"
        tell "$pem" >> "$t/used" ;;
      '  SHA-256 of keys/tsa-ca.pem '*)
        sha keys/tsa-ca.pem
        [ "${line##* }" = "$h" ] || fail 'names other certificates than keys/tsa-ca.pem, which are used here'
        tell "KEY: $title: SHA-256 of keys/tsa-ca.pem $h" ;;
      *) fail 'malformed' ;;
    esac
  done < "$name"
  find keys -name '*.pem' ! -name tsa-ca.pem > "$t/pems"
  while IFS= read -r line; do grep -Fxq -e "$line" "$t/used" || fail "does not name $line"; done < "$t/pems"
}

# A receipt or a statement of the package, with its proof. A function: older shells read no `case` within $(…). $1 file
examine() {
  proof "$1" keys/log-public.pem "$origin"
  case $1,$entry in
    days/*,statement\ *)
      day=${entry#* }
      day=${day% *}
      [ "$1" = "days/$day.$index.statement.json" ] || fail "this is the statement of $day, entry $index"
      tell "STATEMENT: $day is entry $index of $size" ;;
    receipts/*,archived\ * | receipts/*,adopted\ * | receipts/*,completed\ * | receipts/*,terminal\ *)
      receipt "$1"
      tell "RECORDING: $base: ${entry% *} is entry $index of $size" ;;
    *) fail 'its entry is of another kind' ;;
  esac
}

bad=0
say() { tell "FAIL: $1"; bad=1; }
# What systems put into folders that people look into.
litter() {
  case ${1##*/} in .DS_Store | ._* | Thumbs.db | desktop.ini) return 0 ;; esac
  case $1 in __MACOSX/*) return 0 ;; esac
  return 1
}
if [ ! -f MANIFEST.sha256 ] && [ ! -f checkpoint ] && [ ! -d receipts ]; then
  tell 'this folder is no evidence package: change to the one that is, where MANIFEST.sha256 is'
  ended=yes
  exit 2
fi
[ -f MANIFEST.sha256 ] || { name=MANIFEST.sha256; fail 'not there'; }
grep -v '^[0-9a-f]\{64\}  [0-9A-Za-z._=+@:/-]*$' MANIFEST.sha256 > "$t/out" && say 'MANIFEST.sha256: malformed'
[ -z "$(tail -c 1 MANIFEST.sha256)" ] || say 'MANIFEST.sha256: malformed'
# a link shows what lies elsewhere
find . ! -type d ! -type f > "$t/other"
while IFS= read -r f; do say "${f#./}: no regular file"; done < "$t/other"
find . -type f ! -path ./MANIFEST.sha256 -exec openssl dgst -sha256 -r {} + | sed 's,^\([^ ]*\) \*\./,\1  ,' | sort > "$t/found"
sort MANIFEST.sha256 > "$t/stated"
cut -c67- MANIFEST.sha256 | sort > "$t/names"
uniq -d "$t/names" > "$t/other"
while IFS= read -r f; do say "MANIFEST.sha256: names $f twice"; done < "$t/other"
# those of the first that the second has not
sort "$t/found" "$t/stated" "$t/stated" | uniq -u > "$t/other"
while IFS= read -r line; do
  f=${line#*  }
  if grep -Fxq -e "$f" "$t/names"; then say "$f: changed since the package was made"
  elif litter "$f"; then say "$f: not in MANIFEST.sha256; an operating system makes such files: remove it, and check again"
  else say "$f: not in MANIFEST.sha256"; fi
done < "$t/other"
sort -u "$t/stated" | sort - "$t/found" "$t/found" | uniq -u > "$t/other"
cut -c67- "$t/found" > "$t/names"
while IFS= read -r line; do
  f=${line#*  }
  [ -f "$f" ] || say "MANIFEST.sha256: names $f, which is not there"
  # a name that is there is reported above, unless it cannot be read
  [ ! -f "$f" ] || grep -Fxq -e "$f" "$t/names" || say "$f: cannot be read"
  bad=1
done < "$t/other"

sha MANIFEST.sha256
[ -z "$told" ] || [ "$h" = "$told" ] || say "MANIFEST.sha256: not the list of the package that was handed over: its SHA-256 is $h"
tell "MANIFEST: SHA-256 of MANIFEST.sha256 $h"

checked=0 receipts=0
origin=
[ ! -f keys/ORIGIN ] || IFS= read -r origin < keys/ORIGIN || :
[ -n "$origin" ] && [ "$(cat keys/ORIGIN)" = "$origin" ] || say 'keys/ORIGIN: the name of the log is not there, or not alone'
for f in checkpoint keys/log-public.pem; do [ -f "$f" ] || say "$f: not there"; done
name=checkpoint
if (checkpoint checkpoint keys/log-public.pem "$origin") 2>&1; then
  good=$(cat checkpoint; echo .)
  good=${good%.} size=$(sed -n 2p checkpoint) root=$(sed -n 3p checkpoint)
else bad=1; fi
name=keys/FINGERPRINTS.txt
(fingerprints) 2>&1 || bad=1
name=$own
[ -z "$own" ] || (
  raw "$own"
  cp "$t/raw" "$t/own"
  name=keys/log-public.pem
  raw "$name"
  cmp -s "$t/raw" "$t/own" || fail "another key than $own"
) 2>&1 || bad=1
for f in media receipts days; do [ ! -d "$f" ] || find "$f" -type f; done > "$t/files"
grep '^media/' "$t/files" > "$t/media" || :
while IFS= read -r m; do
  case $m in *.enc.metadata.json) base=${m%.enc.metadata.json} ;; *) base=${m%.*} ;; esac
  [ -f "receipts/${base#media/}.receipt.json" ] || say "$m: no receipt describes it"
done < "$t/media"
: > "$t/versions"
grep -v '^media/' "$t/files" | grep '\.json$' | sort > "$t/list"
while IFS= read -r f; do
  name=$f
  # a failure is told, and the next one is looked at
  result=$( (examine "$f") < /dev/null 2>&1) || { tell "${result:-FAIL: $f: cannot be read}"; bad=1; continue; }
  [ -z "$result" ] || tell "$result"
  checked=$((checked + 1))
  case $f in receipts/*) receipts=$((receipts + 1)) ;; esac
done < "$t/list"
[ "$receipts" != 0 ] || say 'receipts: there is no receipt that verifies, and so no recording'
tell "COUNT: receipts $receipts, statements $((checked - receipts))"
[ ! -f FINDINGS.txt ] || tell 'NOTE: FINDINGS.txt: this package was made although not everything verified; it says what'
# of several versions of a recording, readers of the archive take the highest
sort -k1,1 -k2,2nr "$t/versions" > "$t/sorted"
last=
while IFS=' ' read -r stem version before; do
  [ "$stem" = "$last" ] || tell "CURRENT: $stem.v$version takes the place of $before"
  last=$stem
done < "$t/sorted"
for f in $(find . -name 'checkpoint.*.tsr' | sed 's,^\./,,'); do
  openssl ts -verify -data checkpoint -in "$f" -CAfile keys/tsa-ca.pem > "$t/out" 2>&1 &&
    tell "TIME: $f: $(openssl ts -reply -in "$f" -text 2> /dev/null | sed -n 's/^Time stamp: //p')" ||
    { tell "FAIL: $f: the time stamp does not verify"; bad=1; }
done
for f in $(find . -name 'checkpoint.*.cosig' | sed 's,^\./,,'); do
  name=$f
  if result=$( (cosigned "$f"; tell "WITNESS: $witness saw this checkpoint $time seconds after 1970") 2>&1); then tell "$result"; else
    tell "${result:-FAIL: $f: cannot be read}"
    bad=1
  fi
done
for f in $(find consistency -name '*.note' 2> /dev/null | sort); do
  name=$f
  if result=$( (consistency "$f" "$f.consistency" keys/log-public.pem "$origin"
    cmp -s "$t/newer" checkpoint || fail 'the proof leads to another checkpoint'
    tell "SINCE: the log begins with the $from entries of $f") 2>&1); then tell "$result"; else
    tell "${result:-FAIL: $f: cannot be read}"
    bad=1
  fi
done
ended=yes
[ $bad = 0 ] || { tell "NOT OK: see above; $checked verified"; exit 1; }
tell "OK: $checked files are in the log of $size entries"
