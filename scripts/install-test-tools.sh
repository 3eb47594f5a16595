#!/bin/bash
# Installs the tools the tests need that npm does not bring: Debian's Alembic, with a driver for PostgreSQL, to
# import from; age, to open what backups are encrypted with.
#
#   scripts/install-test-tools.sh
set -euo pipefail

if [ "$(id -u)" != 0 ]; then
  echo "$0: needs root, to install packages" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq --no-install-recommends age alembic python3-psycopg2 >/dev/null
alembic --version
