#!/bin/sh
# deploy/make-secrets.sh: writes the secrets that docker-compose.yml mounts and that can be made up here, each into a file
# of deploy/secrets named like its variable. A file that is there stays as it is.
set -eu
cd "$(dirname "$0")/secrets"

# Only this folder's owner comes to the files, which the users inside the containers have to read.
chmod 700 .

make() {
  if [ -e "$1" ]; then
    echo "deploy/secrets/$1: there already"
  else
    # Whole or not at all. 24 bytes in base64 have no "=" at their end; "+" and "/" would have to be quoted in a URL.
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' >"$1.part"
    chmod 444 "$1.part"
    mv "$1.part" "$1"
    echo "deploy/secrets/$1: made"
  fi
}

make POSTGRES_PASSWORD
make WEBHOOK_SECRET
make SANDBOX_CLIENT_SECRET

for name in HUMAN_API_CLIENT_ID HUMAN_API_CLIENT_SECRET; do
  [ -e "$name" ] || echo "deploy/secrets/$name: not there; the profile \"real\" needs what Human API gave you, in this file"
done
