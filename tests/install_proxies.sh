#!/bin/sh
# Makes sure that this machine has an nginx and an haproxy: the system's, or Debian's unpacked
# into .cache/proxies. Nothing is installed: a package would start its server on port 80.
set -eu

cd "$(dirname "$0")/.."
unpacked=.cache/proxies

if command -v nginx >/dev/null && command -v haproxy >/dev/null; then exit 0; fi
if [ -x "$unpacked/usr/sbin/nginx" ] && [ -x "$unpacked/usr/sbin/haproxy" ]; then exit 0; fi
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    echo "Fetching nginx and haproxy ..."
    mkdir -p "$unpacked/packages"
    cd "$unpacked/packages"
    apt-get download -qq nginx haproxy liblua5.3-0 libopentracing-c-wrapper0 libopentracing1 ||
        { sudo -n apt-get update -qq && apt-get download -qq nginx haproxy liblua5.3-0 \
            libopentracing-c-wrapper0 libopentracing1; }
    for package in *.deb; do dpkg-deb -x "$package" ..; done
    exit 0
fi

echo "These tests run nginx and haproxy, and this machine has none. Install them with your" >&2
echo "system's package manager (brew install nginx haproxy) and run this again." >&2
exit 1
