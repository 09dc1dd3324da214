#!/bin/sh
# One role and one database for each service that keeps tables. Run once by the image's entry point.
set -eu
make() {
  psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres \
    -v name="$1" -v secret="$2" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'secret';
CREATE DATABASE :"name" OWNER :"name";
SQL
}
make auth "$POSTGRES_AUTH_PASSWORD"
make indexer "$POSTGRES_INDEXER_PASSWORD"
make relay "$POSTGRES_RELAY_PASSWORD"
