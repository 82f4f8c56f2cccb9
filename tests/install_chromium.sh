#!/bin/sh
# Makes sure that this machine has a Chromium or Chrome, from its own packages.
set -eu

found() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        # Where Chromium only comes as a snap, a package without a browser has this name too.
        if command -v "$name" >/dev/null && "$name" --version >/dev/null 2>&1; then return 0; fi
    done
    test -x "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

if found; then exit 0; fi
if command -v apt-get >/dev/null && as_root true 2>/dev/null; then
    echo "Installing Chromium ..."
    as_root apt-get update -qq </dev/null
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends chromium </dev/null
fi
if found; then exit 0; fi

echo "The tests drive a real browser, and this machine has none. Install one with" >&2
if command -v apt-get >/dev/null; then
    echo "    sudo apt-get install -y chromium" >&2
elif command -v brew >/dev/null; then
    echo "    brew install --cask google-chrome" >&2
elif command -v dnf >/dev/null; then
    echo "    sudo dnf install -y chromium" >&2
else
    echo "    your system's package manager (the package is called chromium or google-chrome)" >&2
fi
echo "and run this again." >&2
exit 1
