# Sourced by the scripts that run software of a newer Debian in a root of its own. Needs Linux, root, and mmdebstrap, which is
# installed when missing. The caller defines `unavailable REASON`, which ends the script.

# debian_root DIR PACKAGES PROBE [SUITE]: DIR/root holds PACKAGES (comma-separated) of SUITE (default forky); built once. PROBE is a
# path inside the root that exists only when it is whole.
debian_root() {
  local dir=$1 packages=$2 probe=$3 suite=${4:-forky}
  local root=$dir/root
  [[ -e $root/$probe ]] && return
  if ! command -v mmdebstrap >/dev/null; then
    { apt-get install -y --no-install-recommends mmdebstrap ||
      { apt-get update && apt-get install -y --no-install-recommends mmdebstrap; }; } >"$dir/apt.log" 2>&1 ||
      unavailable "mmdebstrap is not installed and apt-get cannot install it"
  fi
  echo "building a Debian root with ${packages%%,*} (once, about a minute)" >&2
  rm -rf --one-file-system "$root" "$root.partial"
  # A mirror's index may be older than its stated validity; its signature is checked all the same.
  if ! mmdebstrap --quiet --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' \
    --include="$packages" "$suite" "$root.partial" >"$dir/mmdebstrap.log" 2>&1; then
    rm -rf --one-file-system "$root.partial"
    unavailable "the packages cannot be had: $(grep -m1 '^E: ' "$dir/mmdebstrap.log" | tr -cd '[:print:]' | sed -E 's#[a-z+]+://[^ ]+#(mirror)#g' | cut -c1-160)"
  fi
  mv "$root.partial" "$root"
}
