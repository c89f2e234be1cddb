#!/bin/sh
# Creates the two databases of a Temporal server in PostgreSQL and upgrades their tables to the version of this image. A
# second run changes nothing. Needs POSTGRES_SEEDS (host), DB_PORT, POSTGRES_USER, SQL_PASSWORD.
set -eu

sql_tool() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --endpoint "$POSTGRES_SEEDS" --port "$DB_PORT" \
    --user "$POSTGRES_USER" --database "$database" "$@"
}

prepare() {
  sql_tool "$1" create-database
  sql_tool "$1" setup-schema --version 0.0
  sql_tool "$1" update-schema --schema-name "postgresql/v12/$2"
}

prepare temporal temporal
prepare temporal_visibility visibility
