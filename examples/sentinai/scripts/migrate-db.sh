#!/usr/bin/env bash
# The database's revisions in the words of Alembic, from any folder. On Windows: the npm scripts db:*.
#
#   scripts/migrate-db.sh ACTION [ARGUMENT...] [OPTION...]
#
#   upgrade [TARGET]               apply what is pending, up to TARGET; default: all of it
#   downgrade [TARGET]             take back down to TARGET (-1, a revision, base); default: the last one
#   current                        the revision the database is at
#   history                        the revisions, and which of them are applied
#   stamp TARGET                   record TARGET as applied (head, a revision, base), running nothing
#   revision NAME                  a new empty revision, to be written by hand; --revision ID chooses its id
#   revision --autogenerate NAME   a new revision with what changed in schema.sql
#   check                          ends with 3 when schema.sql has changes that no revision makes
#
# Everything after the action goes to Tidemark: scripts/migrate-db.sh upgrade head --env production --dry-run
# The database is named by DATABASE_URL, or by DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME, in the
# environment or in .env (see .env.example); without them it is an embedded one in .tidemark/.
# TIDEMARK is the command to use; default: the project's own tidemark, else the one on the PATH.
#
# Exit codes: 0 done, 1 failed, 2 wrong usage, 3 something to do where asked to check, 4 refused;
# 127 there is no tidemark.
set -euo pipefail

usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
}

if [[ $# -eq 0 ]]; then
  usage >&2
  exit 2
fi
action=$1
shift

case "$action" in
  -h | --help | help)
    usage
    exit 0
    ;;
  upgrade) command=up ;;
  downgrade) command=down ;;
  current | history | stamp | check) command=$action ;;
  revision)
    command=new
    if [[ "${1:-}" == --autogenerate ]]; then
      command='diff'
      shift
    fi
    ;;
  *)
    echo "migrate-db.sh: no action \"$action\"; there are upgrade, downgrade, current, history, stamp, revision and check" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
# A command and its arguments, like EDITOR.
read -r -a tidemark <<<"${TIDEMARK:-tidemark}"
if ! command -v "${tidemark[0]}" >/dev/null; then
  echo "migrate-db.sh: there is no \"${tidemark[0]}\" here: npm install, or set TIDEMARK" >&2
  exit 127
fi
exec "${tidemark[@]}" migrate "$command" "$@"
