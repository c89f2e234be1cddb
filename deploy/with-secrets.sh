#!/bin/sh
# with-secrets.sh COMMAND [ARGUMENT ...]
#
# Sets variables from files, then becomes COMMAND. Each file in /run/secrets (or SECRETS_FOLDER) with the name of a variable
# contains its value; white space at the end is removed. Other files are ignored. If a file is not valid, prints its name,
# never its content, and ends with status 2.
set -eu

fail() {
  echo "with-secrets: $1" >&2
  exit 2
}

for file in "${SECRETS_FOLDER:-/run/secrets}"/*; do
  name=${file##*/}
  # This also skips the pattern itself, if the folder is empty or does not exist.
  case $name in *[!A-Z0-9_]* | [0-9]*) continue ;; esac
  [ -f "$file" ] || fail "$file: expected a file with the value of $name (Docker mounts a missing file as a folder)"
  [ -r "$file" ] || fail "$file: expected a file that user $(id -u) can read"
  # An empty value counts as not set, as in Chartway. The name contains letters, digits and _ only.
  eval "given=\${$name-}"
  [ -z "$given" ] || fail "$name: expected it in the environment or in $file, not in both"
  value=$(cat "$file")
  # Editors and Windows append line ends, carriage returns or spaces.
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
