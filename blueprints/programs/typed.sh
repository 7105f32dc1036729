#!/bin/bash
# Raises the type checker's level for one file, FILE, lets ruff add the annotations that it can tell, and asks the type
# checker: it prints what that says of this file, and ends with 1 where that is something. No other file counts.

has() { command -v "$1" >/dev/null; }

by_pyright() {
  has pyright && { [ -e pyrightconfig.json ] || grep -qF '[tool.pyright]' pyproject.toml 2>/dev/null || ! has mypy; }
}

at_top() { # below what has to stand first
  local line=1
  while sed -n "${line}p" "$FILE" | grep -qE '^#!|^#.*coding[:=]'; do line=$((line + 1)); done
  if [ -s "$FILE" ]; then sed -i "${line}i $1" "$FILE"; else echo "$1" >"$FILE"; fi
}

raise_level() {
  local level='# mypy: disallow-untyped-defs, disallow-incomplete-defs, check-untyped-defs'
  case $FILE in
    *.py)
      ! by_pyright || level='# pyright: strict'
      grep -qxF "$level" "$FILE" || at_top "$level" ;;
    *.rb)
      grep -qE '^# typed: *(true|str)' "$FILE" || { sed -i '/^# typed:/d' "$FILE"; at_top '# typed: true'; } ;;
    *)
      sed -i '\#^// @ts-nocheck#d' "$FILE"
      grep -q '^// @ts-check' "$FILE" || at_top '// @ts-check' ;;
  esac
}

tidy() {
  [[ $FILE != *.py ]] || ! has ruff ||
    ruff check --quiet --no-cache --select ANN --fix --unsafe-fixes --exit-zero "$FILE" >/dev/null
}

no_silence() {
  local quiet='type: *ignore|pyright: *(ignore|basic|off)|@ts-(ignore|expect-error|nocheck)|T\.unsafe'
  quiet+='|typed: *(ignore|false)|mypy: *ignore'
  ! git diff -U0 HEAD -- ":(literal)$FILE" | grep -E "^\+.*($quiet)"
}

by_mypy() {
  local said code=0 cache=/dev/null
  ! git check-ignore -q .mypy_cache || cache=.mypy_cache
  said=$(mypy --no-error-summary --no-color-output --hide-error-context --no-pretty --cache-dir "$cache" "$FILE" 2>&1) || code=$?
  if [ "$code" -ge 2 ]; then echo "$said"; else grep -F ': error: ' <<<"$said"; fi
  return "$code"
}

check() {
  local said code=0
  case $FILE in
    *.py)
      if by_pyright; then
        said=$(pyright "$FILE" | sed "s#^ *$PWD/##" | grep -F ' - error')
      else
        said=$(by_mypy) || code=$?
        [ "$code" -lt 2 ] || { echo "$said"; return 1; }
      fi ;;
    *.rb) said=$(srb tc 2>&1 | grep -F 'https://srb.help/') ;;
    *) said=$(tsc --noEmit --pretty false --allowJs --checkJs "$FILE" | grep -F 'error TS') ;;
  esac
  ! grep -F -- "$FILE" <<<"$said"
}

raise_level && tidy && no_silence && check
