#!/usr/bin/env bash
# Builds llama.cpp's own server for the remote backend's real test, from the llama-cpp-python source
# distribution (the same llama.cpp that Hunch runs). Idempotent: the path of the binary is printed on stdout,
# everything else goes to stderr. Optional: the test skips where this fails.
#
#   .ci/llama-server.sh            about 5 minutes on 2 cores the first time, no time afterwards
#   JOBS=1 .ci/llama-server.sh     fewer compile jobs
#
# HUNCH_TEST_CACHE names the folder to build in (default: ~/.cache/hunch-test).
set -euo pipefail

version=0.3.36
cache="${HUNCH_TEST_CACHE:-$HOME/.cache/hunch-test}/llama-server"
binary="$cache/llama-server"
stamp="$cache/version"
jobs="${JOBS:-2}"
python="${PYTHON:-python3}"

if [ -x "$binary" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$version" ]; then
    echo "$binary"
    exit 0
fi

mkdir -p "$cache/src"
cd "$cache/src"
sdist="llama_cpp_python-$version.tar.gz"
[ -s "$sdist" ] || "$python" -m pip download -q --no-binary llama-cpp-python --no-deps "llama-cpp-python==$version" >&2
tree="llama_cpp_python-$version/vendor/llama.cpp"
if [ ! -f "$cache/src/unpacked-$version" ]; then
    rm -rf "llama_cpp_python-$version"
    tar xf "$sdist"
    touch "unpacked-$version"
fi

generator=()
command -v ninja >/dev/null && generator=(-G Ninja)
# GGML_NATIVE=OFF: a native build on a CPU with AMX crashes on quantised models, and the result would fit only
# the machine that built it. The UI and TLS parts download or need system libraries, and the test needs neither.
cmake -S "$tree" -B build "${generator[@]}" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF \
    -DGGML_NATIVE=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF \
    -DLLAMA_BUILD_APP=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF >&2
nice -n 15 cmake --build build --target llama-server -j "$jobs" >&2

cp "build/bin/llama-server" "$binary.new"
mv "$binary.new" "$binary"
echo "$version" >"$stamp"
echo "$binary"
