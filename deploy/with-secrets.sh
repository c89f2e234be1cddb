#!/bin/sh
# with-secrets.sh COMMAND [ARGUMENT ...]
#
# Puts secrets that lie in files into the environment, then becomes COMMAND: every file of /run/secrets (or of
# SECRETS_FOLDER) that is named like a variable is the value of that variable, without white space at its end. Nothing else
# of the folder is read.
# Ends with status 2, naming the file and never its content, where a file cannot be right.
set -eu

fail() {
  echo "with-secrets: $1" >&2
  exit 2
}

for file in "${SECRETS_FOLDER:-/run/secrets}"/*; do
  name=${file##*/}
  # Also what the pattern stands for where the folder is empty or not there.
  case $name in *[!A-Z0-9_]* | [0-9]*) continue ;; esac
  [ -f "$file" ] || fail "$file: expected a file with the value of $name (a missing one is mounted as a folder)"
  [ -r "$file" ] || fail "$file: expected a file that user $(id -u) may read"
  # Set to nothing counts as not set, as it does for Chartway. The name holds letters, digits and _ only.
  eval "given=\${$name-}"
  [ -z "$given" ] || fail "$name is set in the environment and in $file: expected one of them"
  value=$(cat "$file")
  # Editors and Windows leave line ends, carriage returns or spaces behind.
  while :; do
    case $value in
      *[[:space:]]) value=${value%?} ;;
      *) break ;;
    esac
  done
  [ -n "$value" ] || fail "$file is empty: expected the value of $name"
  export "$name=$value"
done

exec "$@"
