#!/bin/sh
# Run once, when the database is made: the role that the site runs as, with its password. `manage.py database_roles --apply`
# gives it its rights after each migration, and takes others away.
set -eu
psql -v ON_ERROR_STOP=1 -U "$POSTGRES_USER" -d "$POSTGRES_DB" -v password="$APP_PASSWORD" <<'SQL'
CREATE ROLE plumbline_app LOGIN PASSWORD :'password';
SQL
