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
    # 24 bytes in base64 have no "=" at their end; "+" and "/" would have to be quoted in a URL.
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' | keep "$1"
    echo "deploy/secrets/$1: made"
  fi
}

# Whole or not at all.
keep() {
  cat >"$1.part"
  chmod 444 "$1.part"
  mv "$1.part" "$1"
}

# The webhook's key, then the ring of the others, which is made of it: a webhook whose key they do not list is not understood.
make_payload_keys() {
  if [ -e PAYLOAD_KEYS ] && [ -e WEBHOOK_PAYLOAD_KEYS ]; then
    echo "deploy/secrets/PAYLOAD_KEYS, WEBHOOK_PAYLOAD_KEYS: there already"
  elif [ -e PAYLOAD_KEYS ]; then
    echo "deploy/secrets/PAYLOAD_KEYS is there and WEBHOOK_PAYLOAD_KEYS is not: expected both, the second with an entry that the first lists last" >&2
    exit 1
  else
    [ -e WEBHOOK_PAYLOAD_KEYS ] || echo "webhook:$(head -c 32 /dev/urandom | base64)" | keep WEBHOOK_PAYLOAD_KEYS
    echo "main:$(head -c 32 /dev/urandom | base64),$(cat WEBHOOK_PAYLOAD_KEYS)" | keep PAYLOAD_KEYS
    echo "deploy/secrets/PAYLOAD_KEYS, WEBHOOK_PAYLOAD_KEYS: made. What they encrypt is lost without them: keep a copy in your vault"
  fi
}

# Signs the audit log. Not the webhook's: what the internet reaches must not sign for the others.
make_audit_key() {
  if [ -e AUDIT_KEY ]; then
    echo "deploy/secrets/AUDIT_KEY: there already"
  else
    echo "audit:$(head -c 32 /dev/urandom | base64)" | keep AUDIT_KEY
    echo "deploy/secrets/AUDIT_KEY: made. It is needed to verify the audit log; keep it as long as the log. Keep a copy in your vault"
  fi
}

make POSTGRES_PASSWORD
make WEBHOOK_SECRET
make SANDBOX_CLIENT_SECRET
make_payload_keys
make_audit_key

for name in HUMAN_API_CLIENT_ID HUMAN_API_CLIENT_SECRET; do
  [ -e "$name" ] || echo "deploy/secrets/$name: not there; the profile \"real\" needs what Human API gave you, in this file"
done
