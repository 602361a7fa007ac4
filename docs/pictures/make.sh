#!/usr/bin/env bash
# Makes the pictures that documents show, from pages of real runs. Needs Chromium; CHROMIUM says where it is. HOTSPOT says which
# command to run, if not the one that is built here first.
set -euo pipefail
cd "$(dirname "$0")/../.."

chromium=${CHROMIUM:-chromium}
hotspot=${HOTSPOT:-cargo run --quiet --release --}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# picture FILE WIDTH,HEIGHT SECTION ARGUMENTS...: a page of `hotspot explore ARGUMENTS`, as docs/FILE.png; all of it, or one
# section. (A page hides nothing by itself, and allows no style but its own: so a copy is made that does.)
picture() {
    local file=$1 size=$2 section=$3
    shift 3
    $hotspot explore --deterministic -o "$work/page.html" "$@" >/dev/null
    if [ "$section" != all ]; then
        sed -i -e 's/<meta http-equiv="Content-Security-Policy"[^>]*>//' \
            -e "s|</head>|<style>main > h1, main > section:not(#$section) { display: none }</style></head>|" "$work/page.html"
    fi
    "$chromium" --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
        --disable-sync --user-data-dir="$work/profile" --hide-scrollbars --window-size="$size" \
        --screenshot="docs/$file.png" "file://$work/page.html" >/dev/null 2>&1
    echo "docs/$file.png"
}

picture pictures/explore 1280,1400 all --optimizing-threshold 1000 examples/type_change.hasm 20000
picture learn/pictures/type_change 1280,1100 all --optimizing-threshold 1000 examples/type_change.hasm 10000
picture learn/pictures/passes 1280,1000 passes --optimizing-threshold 1000 examples/sum.hasm 10000
picture learn/pictures/strategies 1280,1160 compare --optimizing-threshold 200 --beside strategy=trace examples/nested.hasm 300
picture learn/pictures/deoptimisation 1280,960 deopts --optimizing-threshold 1000 examples/type_change.hasm 10000
