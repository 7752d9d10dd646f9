#!/usr/bin/env bash
# Installs system packages, then .venv from requirements.txt. With "dev" it installs requirements-dev.txt
# and package-lock.json too. When nothing has changed it ends within milliseconds.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv
locks=(requirements.txt)
[ "${1:-}" = dev ] && locks+=(requirements-dev.txt)

stamp_of() { echo "$venv/.installed-$1-$(sha256sum <"$1" | cut -c1-16)"; }
have() { PATH=$PATH:/usr/sbin command -v "$1" >/dev/null; }

up_to_date() {
    [ -x $venv/bin/python ] && for lock in "${locks[@]}"; do [ -e "$(stamp_of "$lock")" ] || return 1; done
}

# ---- System packages ----

wanted=()
# mysqlclient has no wheels, so pip compiles it against MariaDB's client library.
up_to_date || wanted+=(python3-venv python3-dev build-essential pkg-config default-libmysqlclient-dev)
if [ "${1:-}" = dev ]; then
    # Only the -core packages: they start no service.
    { have mariadbd && have my_print_defaults; } || [ -n "${TEST_DATABASE_URL:-}" ] ||
        wanted+=(mariadb-server-core mariadb-client-core)
    # `manage.py backup` on MySQL and its tests dump with it.
    have mariadb-dump || have mysqldump || wanted+=(mariadb-client)
    # Only redis-tools: it has the server's program and starts no service.
    have redis-server || have redis-check-rdb || wanted+=(redis-tools)
    # Tests of workers on other machines start a broker of their own.
    [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || wanted+=(rabbitmq-server)
    # `make messages` collects and compiles texts with it; the server reads what is compiled.
    have msgfmt || wanted+=(gettext)
    # Tests make certificates, and come by HTTP/2, with these.
    have openssl || wanted+=(openssl)
    have curl || wanted+=(curl)
    # It checks deploy/image-store.service; it need not run.
    have systemd-analyze || wanted+=(systemd)
    # Tests open the archives of albums with it.
    have unzip || wanted+=(unzip)
    # Tests use it to start servers with a wrong clock.
    compgen -G '/usr/lib/*/faketime/libfaketime.so.1' >/dev/null || wanted+=(libfaketime)
    have chromium || wanted+=(chromium)
    have firefox-esr || have firefox || wanted+=(firefox-esr)
    # Node checks and tests the JavaScript; the server does not need it.
    have node || wanted+=(nodejs)
    have npm || wanted+=(npm)
fi

missing=()
for package in "${wanted[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" != 0 ]; then
        echo "System packages are missing. Install them once, then try again:" >&2
        echo "    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
    echo "Installing ${missing[*]} …"
    log=$(mktemp)
    export DEBIAN_FRONTEND=noninteractive
    # rabbitmq-server comes with a service; this file keeps packages from starting any.
    policy=/usr/sbin/policy-rc.d
    [ -e $policy ] && policy= || install -m 755 <(printf '#!/bin/sh\nexit 101\n') $policy
    { apt-get update -q && apt-get install -q -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
        { cat "$log" >&2; [ -z "$policy" ] || rm -f "$policy"; exit 1; }
    [ -z "$policy" ] || rm -f "$policy"
    rm -f "$log"
fi

# nginx, for tests of the store behind it. It is only unpacked, because the package would start a service.
if [ "${1:-}" = dev ] && ! have nginx && [ ! -x $venv/nginx/usr/sbin/nginx ]; then
    echo "Unpacking nginx …"
    package=$(mktemp -d)
    (cd "$package" && { apt-get download -q nginx || { apt-get update -q && apt-get download -q nginx; }; }) >/dev/null 2>&1 ||
        { echo "nginx cannot be downloaded: apt-get install nginx" >&2; exit 1; }
    mkdir -p $venv/nginx && dpkg-deb -x "$package"/nginx_*.deb $venv/nginx
    rm -r "$package"
fi

# ---- Node packages ----

if [ "${1:-}" = dev ]; then
    stamp=node_modules/.installed-$(sha256sum <package-lock.json | cut -c1-16)
    if [ ! -e "$stamp" ]; then
        echo "Installing the packages of package-lock.json …"
        # npm ci empties node_modules first, so it removes the stamp of an older lock.
        npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
        touch "$stamp"
    fi
fi

# ---- Python packages ----

up_to_date && exit
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed." >&2; exit 1; }
[ -x $venv/bin/python ] || python3 -m venv $venv
for lock in "${locks[@]}"; do
    stamp=$(stamp_of "$lock")
    [ -e "$stamp" ] && continue
    echo "Installing the packages of $lock …"
    $venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$lock"
    rm -f "$venv/.installed-$lock-"*
    touch "$stamp"
done
