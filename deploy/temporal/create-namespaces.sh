#!/bin/sh
# create-namespaces.sh NAMESPACE ...: registers the namespaces that do not exist, with a retention of 30 days: during this
# time, a new start of a closed applicant returns its outcome. Needs TEMPORAL_ADDRESS. A second run changes nothing.
set -eu

for namespace in "$@"; do
  if temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
    echo "namespace $namespace: exists"
  else
    temporal operator namespace create --namespace "$namespace" --retention 30d
  fi
done
