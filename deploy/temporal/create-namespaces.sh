#!/bin/sh
# create-namespaces.sh NAMESPACE ...: registers what is not there, with closed runs kept for 30 days: as long as an
# applicant's start answers with how an earlier one ended. Wants TEMPORAL_ADDRESS. Run again it changes nothing.
set -eu

for namespace in "$@"; do
  if temporal operator namespace describe --namespace "$namespace" >/dev/null 2>&1; then
    echo "namespace $namespace: there already"
  else
    temporal operator namespace create --namespace "$namespace" --retention 30d
  fi
done
