#!/bin/sh
# run.sh PROCESS [ARGUMENT ...]: becomes a Chartway process in the image. Run it in the folder that contains dist/.
set -eu

process=${1:-}
[ $# -eq 0 ] || shift
case $process in
  worker | webhook | api | starter | chartway) entry=dist/src/$process.js ;;
  sandbox) entry=dist/sandbox/main.js ;;
  *)
    echo "run: expected worker, webhook, api, starter, chartway or sandbox, got \"$process\"" >&2
    exit 2
    ;;
esac
exec node --enable-source-maps "$entry" "$@"
