#!/bin/sh
# deploy/make-secrets.sh: creates the random secrets that docker-compose.yml mounts, each in a file of deploy/secrets with
# the name of its variable. Does not change existing files.
set -eu
cd "$(dirname "$0")/secrets"

# The files are readable for the users of the containers, so only the owner may enter the folder.
chmod 700 .

make() {
  if [ -e "$1" ]; then
    echo "deploy/secrets/$1: exists"
  else
    # 24 bytes in base64 end without "=". A URL would have to escape "+" and "/".
    head -c 24 /dev/urandom | base64 | tr '+/' '-_' | write "$1"
    echo "deploy/secrets/$1: created"
  fi
}

# Renames a complete file, so that an interruption leaves no part of it.
write() {
  cat >"$1.part"
  chmod 444 "$1.part"
  mv "$1.part" "$1"
}

# The key of the webhook, then the ring of the other processes, which must contain it to decrypt what the webhook sends.
make_payload_keys() {
  if [ -e PAYLOAD_KEYS ] && [ -e WEBHOOK_PAYLOAD_KEYS ]; then
    echo "deploy/secrets/PAYLOAD_KEYS, WEBHOOK_PAYLOAD_KEYS: exist"
  elif [ -e PAYLOAD_KEYS ]; then
    echo "deploy/secrets contains PAYLOAD_KEYS but not WEBHOOK_PAYLOAD_KEYS: expected both, and the entry of WEBHOOK_PAYLOAD_KEYS last in PAYLOAD_KEYS" >&2
    exit 1
  else
    [ -e WEBHOOK_PAYLOAD_KEYS ] || echo "webhook:$(head -c 32 /dev/urandom | base64)" | write WEBHOOK_PAYLOAD_KEYS
    echo "main:$(head -c 32 /dev/urandom | base64),$(cat WEBHOOK_PAYLOAD_KEYS)" | write PAYLOAD_KEYS
    echo "deploy/secrets/PAYLOAD_KEYS, WEBHOOK_PAYLOAD_KEYS: created. Without them, encrypted data is lost: keep a copy in your vault"
  fi
}

# Signs the audit log. The webhook does not get it, because a process that the internet reaches must not sign for the others.
make_audit_key() {
  if [ -e AUDIT_KEY ]; then
    echo "deploy/secrets/AUDIT_KEY: exists"
  else
    echo "audit:$(head -c 32 /dev/urandom | base64)" | write AUDIT_KEY
    echo "deploy/secrets/AUDIT_KEY: created. It verifies the audit log: keep it as long as the log, with a copy in your vault"
  fi
}

# Signs the outbound events, in the form of Standard Webhooks. Without EVENTS_URL it is not used.
make_events_secret() {
  if [ -e EVENTS_SECRET ]; then
    echo "deploy/secrets/EVENTS_SECRET: exists"
  else
    echo "whsec_$(head -c 32 /dev/urandom | base64)" | write EVENTS_SECRET
    echo "deploy/secrets/EVENTS_SECRET: created. Your receivers of events need it too"
  fi
}

# The api key of the sandbox with every role, and its entry of API_KEYS, which has the hash only. A new key replaces the
# entry of a key that was deleted.
make_sandbox_api_key() {
  [ -e SANDBOX_API_KEY ] || rm -f SANDBOX_API_KEYS
  make SANDBOX_API_KEY
  [ -e SANDBOX_API_KEYS ] || echo "sandbox:intake+read+contact+records+operate+audit:$(hash SANDBOX_API_KEY)" | write SANDBOX_API_KEYS
}

# The SHA-256 of the value, in hex. macOS has shasum only.
hash() {
  if command -v sha256sum >/dev/null; then tr -d '\n' <"$1" | sha256sum; else tr -d '\n' <"$1" | shasum -a 256; fi | cut -d ' ' -f 1
}

make POSTGRES_PASSWORD
make WEBHOOK_SECRET
make SANDBOX_CLIENT_SECRET
make_sandbox_api_key
make_payload_keys
make_audit_key
make_events_secret

for name in HUMAN_API_CLIENT_ID HUMAN_API_CLIENT_SECRET; do
  [ -e "$name" ] || echo "deploy/secrets/$name: missing. The profile \"real\" needs it: write the value from Human API into this file"
done
