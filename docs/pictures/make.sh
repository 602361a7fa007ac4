#!/usr/bin/env bash
# Makes the pictures that documents show, from pages of real runs. Needs Chromium; CHROMIUM says where it is.
set -euo pipefail
cd "$(dirname "$0")/../.."

chromium=${CHROMIUM:-chromium}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# picture NAME WIDTH,HEIGHT ARGUMENTS...: a page of `hotspot explore ARGUMENTS`, as docs/pictures/NAME.png.
picture() {
    local name=$1 size=$2
    shift 2
    cargo run --quiet --release -- explore --deterministic -o "$work/$name.html" "$@" >/dev/null
    "$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
        --disable-sync --user-data-dir="$work/profile" --hide-scrollbars --window-size="$size" \
        --screenshot="docs/pictures/$name.png" "file://$work/$name.html" >/dev/null 2>&1
    echo "docs/pictures/$name.png"
}

picture explore 1280,1400 --optimizing-threshold 1000 examples/type_change.hasm 20000
