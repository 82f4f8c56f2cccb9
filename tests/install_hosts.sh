#!/bin/sh
# Makes one environment for each family of hosts, .cache/hosts/NAME of tests/hosts/NAME.txt, once,
# and makes sure that this machine has a Firefox, from its own packages.
# Some hosts need Python 3.12: PYTHON312 says where it is, if python3.12 is not on the PATH.
set -eu

cd "$(dirname "$0")/.."
mkdir -p .cache/hosts

python312() {
    for each in "${PYTHON312:-}" python3.12 python3.13 python3 "${HOME}"/.pyenv/versions/3.12*/bin/python; do
        if [ -n "$each" ] && "$each" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
            echo "$each"
            return 0
        fi
    done
    echo "These tests need Python 3.12 or newer: PYTHON312=/path/to/python3.12 make hosts" >&2
    return 1
}

if ! command -v firefox-esr >/dev/null && ! command -v firefox >/dev/null; then
    if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
        echo "Installing Firefox ..."
        apt-get update -qq </dev/null
        DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends firefox-esr </dev/null
    else
        echo "These tests need Firefox: sudo apt-get install -y firefox-esr" >&2
        exit 1
    fi
fi

for pinned in tests/hosts/*.txt; do
    folder=.cache/hosts/$(basename "$pinned" .txt)
    if cmp -s "$pinned" "$folder/pinned.txt"; then continue; fi
    echo "Making $folder ..."
    rm -rf "$folder"
    python=$(python312)
    "$python" -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check --requirement "$pinned"
    cp "$pinned" "$folder/pinned.txt"
done
