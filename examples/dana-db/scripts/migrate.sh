#!/bin/sh
# Runs Tidemark for one environment, from any folder: for deployments and for people without make.
#
#   scripts/migrate.sh ENV apply|status|plan|validate|hash [OPTION...]
#
#   apply     apply the pending migrations
#   status    what is applied and what is pending
#   plan      the SQL that apply would run; changes nothing
#   validate  check the migrations folder; needs no database
#   hash      write migrations/tidemark.sum again after editing a migration by hand
#
# Options after the action go to Tidemark: scripts/migrate.sh production status --check
# TIDEMARK is the command to use; default: the project's own tidemark, else the one on the PATH
set -eu

usage() {
  sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
}

case "${1:-}" in
  -h | --help) usage; exit 0 ;;
esac
if [ $# -lt 2 ]; then
  usage >&2
  exit 2
fi
environment=$1
action=$2
shift 2

case "$action" in
  apply) set -- migrate up "$@" ;;
  status) set -- migrate status "$@" ;;
  plan) set -- migrate up --dry-run "$@" ;;
  validate) set -- migrate validate "$@" ;;
  hash) set -- migrate hash "$@" ;;
  *)
    echo "migrate.sh: no action \"$action\"; there are apply, status, plan, validate and hash" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH
# Unquoted below: a command and its arguments, like EDITOR.
tidemark=${TIDEMARK:-tidemark}
if ! command -v "${tidemark%% *}" >/dev/null; then
  echo "migrate.sh: there is no \"${tidemark%% *}\" here: npm install --save-dev tidemark, or set TIDEMARK" >&2
  exit 127
fi
exec $tidemark --env "$environment" "$@"
