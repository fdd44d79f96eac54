# What zsh offers for a line: capture-zsh.zsh SCRIPT LINE prints one candidate a line.
# Completion runs only in an interactive shell with a terminal, which zpty gives; compadd, to which every completion function hands
# its candidates, is replaced by one that prints those that match. After https://github.com/Valodim/zsh-capture-completion
zmodload zsh/zpty || exit 3
zpty inner zsh -f -i
read_until() {
  local seen= chunk
  repeat 400; do
    if zpty -r -t inner chunk; then seen+=$chunk; else sleep 0.02; fi
    [[ $seen == *$1* ]] && break
  done
  print -r -- "$seen"
}
setup=$(mktemp)
cat > $setup <<END
PROMPT= RPROMPT= PS2=
unsetopt zle_bracketed_paste prompt_cr prompt_sp beep 2>/dev/null
unset zle_bracketed_paste
autoload -Uz compinit && compinit -u -d "\$HOME/.zcompdump-test"
source ${(q)1}
bindkey '^I' complete-word
zstyle ':completion:*' list-grouped false
zstyle ':completion:*' force-list always
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "\$@"; return; fi
  local -a hits
  builtin compadd -A hits "\$@"
  local hit
  for hit in \$hits; do print -r -- "offer:\$hit"; done
}
compprefuncs=() comppostfuncs=(offers_end)
offers_end() { print -r -- "offers-"end; zle -I 2>/dev/null }
print -r -- "setup-"done
END
zpty -w inner "source $setup"
read_until setup-done >/dev/null
zpty -w -n inner "$2"$'\t'
read_until offers-end | tr -d '\r' | grep -a -o 'offer:.*' | sed 's/^offer://' | sort -u
rm -f $setup
zpty -d inner
