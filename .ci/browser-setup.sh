#!/usr/bin/env bash
# Installs what the browser test needs: Chromium and friends from Debian (as root, only what is missing), and
# code-server, which is a real VS Code that a browser can open. About a minute the first time, no time afterwards.
# The path of code-server's entry point is printed on stdout, everything else goes to stderr.
#
# HUNCH_TEST_CACHE names the folder to install in (default: ~/.cache/hunch-test); tests/browser looks there too.
set -euo pipefail

version=4.100.3 # VS Code 1.100.3; built for Node 20
cache="${HUNCH_TEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hunch-test}"
target="$cache/code-server-$version"
entry="$target/node_modules/code-server/out/node/entry.js"
stamp="$target/.complete"
here="$(cd "$(dirname "$0")/.." && pwd)"

say() { echo "browser-setup: $*" >&2; }

packages=(libkrb5-dev libsecret-1-dev libx11-dev libxkbfile-dev pkg-config ripgrep)
command -v chromium >/dev/null || command -v google-chrome >/dev/null || packages+=(chromium)
missing=()
if command -v dpkg-query >/dev/null; then
    for package in "${packages[@]}"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
fi
if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" = 0 ]; then
        say "installing ${missing[*]}"
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    else
        say "missing Debian packages, please install: ${missing[*]}"
    fi
fi

(cd "$here/tests/browser" && [ -d node_modules/playwright-core ] || npm ci --ignore-scripts --silent >&2)

if [ -f "$stamp" ]; then
    echo "$entry"
    exit 0
fi

# Headers that came with Node save node-gyp a download.
prefix="$(dirname "$(dirname "$(readlink -f "$(command -v node)")")")"
if [ -f "$prefix/include/node/node.h" ]; then
    export npm_config_nodedir="$prefix"
fi

say "installing code-server $version into $target"
rm -rf "$target"
mkdir -p "$target"
cd "$target"
echo '{"private": true}' >package.json
# No install scripts: one of them downloads ripgrep from a place that CI may not reach. Debian's is linked instead.
npm install --ignore-scripts --no-audit --no-fund --silent "code-server@$version" >&2
(
    cd node_modules/code-server/lib/vscode
    npm install --omit=dev --ignore-scripts --no-audit --no-fund --silent >&2
    mkdir -p node_modules/@vscode/ripgrep/bin
    ln -sf "$(command -v rg)" node_modules/@vscode/ripgrep/bin/rg
    npm rebuild --silent @vscode/spdlog native-watchdog @parcel/watcher >&2
    # The compile works; a last step that is of no use here does not.
    npm rebuild --silent node-pty >&2 || say "node-pty's post-install step failed, which is known and harmless"
)
npm rebuild --silent argon2 >&2
node "$entry" --config "$target/config.yaml" --version >&2
touch "$stamp"
echo "$entry"
