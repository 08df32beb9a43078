#!/usr/bin/env bash
# Build the binding of the installed @tensorflow/tfjs-node with the C library of the Python wheel, for
# machines where its own download fails. Needs pip, unzip and g++. Does nothing where it loads already.
set -euo pipefail
cd "$(dirname "$0")/.."
package=node_modules/@tensorflow/tfjs-node
[ -d "$package" ] || { echo "build-tfjs-node: $package is not installed" >&2; exit 1; }
if node -e "import('@tensorflow/tfjs-node').catch(() => process.exit(1))" 2>/dev/null; then exit 0; fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip download -q --no-deps --only-binary=:all: --python-version 3.11 \
  --platform manylinux_2_17_x86_64 -d "$work" tensorflow-cpu==2.15.1
mkdir -p "$package/deps/lib" "$package/lib/napi-v8"
unzip -qo "$work"/tensorflow_cpu-*.whl 'tensorflow/libtensorflow*' 'tensorflow/include/tensorflow/*' 'tensorflow/include/tsl/*' -d "$work"
rm -rf "$package/deps/include"
mv "$work/tensorflow/include" "$package/deps/include"
mv "$work"/tensorflow/libtensorflow_cc.so.2 "$work"/tensorflow/libtensorflow_framework.so.2 "$package/deps/lib/"
include=$(node -p "require('path').resolve(process.execPath, '../../include/node')")
cd "$package"
g++ -O2 -std=c++17 -shared -fPIC -DNAPI_VERSION=8 -I"$include" -Ideps/include -I.. \
  binding/tfjs_backend.cc binding/tfjs_binding.cc -o lib/napi-v8/tfjs_binding.node \
  -Ldeps/lib -l:libtensorflow_cc.so.2 -l:libtensorflow_framework.so.2 -Wl,-rpath,'$ORIGIN/../../deps/lib'
