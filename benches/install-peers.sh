#!/usr/bin/env bash
# Installs what `cargo xtask bench` compares HotspotVM with, on Debian and its relatives: from the system's packages, and Numba into
# a virtual environment below target/. Needs root for the packages. What is missing is left out by the benchmarks, which say so.
set -euo pipefail
cd "$(dirname "$0")/.."

as_root=()
if ((EUID != 0)); then
    as_root=(sudo)
fi
"${as_root[@]}" apt-get update
"${as_root[@]}" apt-get install --yes --no-install-recommends \
    gcc libc6-dev luajit lua5.4 nodejs default-jdk-headless pypy3 python3 python3-venv valgrind

venv=${CARGO_TARGET_DIR:-target}/bench/venv
/usr/bin/python3 -m venv "$venv"
"$venv/bin/pip" install --quiet numba
"$venv/bin/python" -c 'import numba; print("Numba", numba.__version__)'
