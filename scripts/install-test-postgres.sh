#!/bin/bash
# Installs what the tests need of Debian: today's PostgreSQL with contrib, and pgvector for it.
#
#   scripts/install-test-postgres.sh [--no-upgrade]
#
# --no-upgrade leaves an installed PostgreSQL as it is and adds pgvector only.
# Debian 12 has no pgvector package; Debian 13's source package builds against its PostgreSQL 15. The
# headers are unpacked beside the build rather than installed: their package draws in clang and llvm.
set -euo pipefail

upgrade=yes
case "${1:-}" in
  '') ;;
  --no-upgrade) upgrade=no ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
if [ "$(id -u)" != 0 ]; then
  echo "$0: needs root, to install packages" >&2
  exit 1
fi

export DEBIAN_FRONTEND=noninteractive
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

candidate() { apt-cache policy "$1" | awk '$1 == "Candidate:" && $2 != "(none)" { print $2 }'; }

# The machine's own package source, with Debian 13's sources in place of this release's packages.
trixie_sources() {
  # shellcheck source=/dev/null
  local release; release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -e "$file" ] || continue
    awk -v RS='' -v release="$release" '
      $0 ~ "(^|\n)Suites:[^\n]*[ \t]" release "([ \t\n]|$)" {
        gsub(/(^|\n)#[^\n]*/, "")
        sub(/(^|\n)Types:[^\n]*/, "\nTypes: deb-src")
        sub(/\nSuites:[^\n]*/, "\nSuites: trixie")
        print $0 "\n"
      }' "$file"
  done
}

trixie_list() {
  # shellcheck source=/dev/null
  local release; release=$(. /etc/os-release && echo "$VERSION_CODENAME")
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    sed -nE "s/^deb((.*) $release (.*))$/deb-src\2 trixie \3/p" || true
}

fetch_pgvector_source() {
  local private=(
    -o "Dir::Etc::sourcelist=/dev/null"
    -o "Dir::Etc::sourceparts=$work/sources"
    -o "Dir::State::lists=$work/lists"
    -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache="
    -o "APT::Sandbox::User=root"
  )
  mkdir -p "$work/sources" "$work/lists/partial"
  trixie_sources >"$work/sources/trixie.sources"
  trixie_list >"$work/sources/trixie.list"
  apt-get "${private[@]}" update -qq
  (cd "$work" && apt-get "${private[@]}" source -qq pgvector) >/dev/null
}

build_pgvector() {
  local major=$1 headers="$work/headers" source pg_config
  pg_config=/usr/lib/postgresql/$major/bin/pg_config
  apt-get install -qq --no-install-recommends make gcc libc6-dev dpkg-dev >/dev/null
  (cd "$work" && apt-get -o APT::Sandbox::User=root download -qq "postgresql-server-dev-$major")
  dpkg -x "$work/postgresql-server-dev-$major"_*.deb "$headers"
  fetch_pgvector_source
  source=$(find "$work" -maxdepth 1 -type d -name 'pgvector-*')
  # OPTFLAGS: no -march=native, the library may be used on another machine than the one that built it.
  make -s -C "$source" OPTFLAGS='' with_llvm=no PG_CONFIG="$pg_config" \
    includedir_server="$headers/usr/include/postgresql/$major/server" \
    all install
}

apt-get update -qq
major=$(candidate postgresql | sed -E 's/^([0-9]+).*/\1/')
if [ -z "$major" ]; then
  echo "$0: this system has no postgresql package" >&2
  exit 1
fi
server=/usr/lib/postgresql/$major/bin/postgres
if [ "$upgrade" = yes ] || [ ! -x "$server" ]; then
  apt-get install -qq --no-install-recommends "postgresql-$major" "postgresql-client-$major" >/dev/null
fi

control=$("/usr/lib/postgresql/$major/bin/pg_config" --sharedir)/extension/vector.control
if [ ! -e "$control" ]; then
  if [ -n "$(candidate "postgresql-$major-pgvector")" ]; then
    apt-get install -qq --no-install-recommends "postgresql-$major-pgvector" >/dev/null
  else
    build_pgvector "$major"
  fi
fi
echo "$("$server" --version) with pgvector $(sed -n "s/^default_version = '\(.*\)'/\1/p" "$control")"
