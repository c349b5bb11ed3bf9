#!/usr/bin/env bash
# The Triton backend in Triton's core on a real GPU: its tests, and the scheduler against one request at a time and batches of equal lengths.
#
#   tests/gpu/triton.sh pack DIR              after './build.sh triton' and './build.sh native': puts the core of TRTV_TRITON_DIR with what it links, the backends and
#                                             the host into DIR; the target needs a driver, glibc 2.36 and TensorRT, whose folder TRTV_TENSORRT_DIR names
#   DIR/triton.sh test ENGINE                 on the target: every case but those that only the double can be made to fail, mels and samples in the GPU's memory and
#                                             what the core is told of memory (printed) among them; ENGINE takes 100 mel bands
#   DIR/triton.sh bench MODEL [SECONDS [RATE]]  on the target: 1, 4, 16 and 64 clients for so many seconds each, and RATE requests a second at random; a batch engine
#                                             (--max 16x256) on the GPU, or an .onnx on the CPU
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

pack() {
    local to=${1:?pack needs a folder} root built library
    root=$(cd "$here/../.." && pwd)
    built=$root/build/native
    [[ -n ${TRTV_TRITON_DIR:-} ]] || { echo "TRTV_TRITON_DIR does not name a folder with libtritonserver.so." >&2; exit 1; }
    cmake --build "$built" --target triton_bench triton_baseline >&2
    mkdir -p "$to"/core "$to"/backends/baseline
    cp "$TRTV_TRITON_DIR"/lib*.so* "$built"/triton/stand-in/libdcgm.so.3 "$to/core"
    # What the core links of the distribution's, but for glibc.
    LD_LIBRARY_PATH=$to/core ldd "$to/core/libtritonserver.so" | awk '$3 ~ /^\// { print $3 }' | while read -r library; do
        case $(basename "$library") in
            libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libresolv.so.* | ld-linux*) ;;
            *) [[ -e $to/core/$(basename "$library") ]] || cp -L "$library" "$to/core" ;;
        esac
    done
    cp -r "$root/out/triton/trtvocoder" "$to/backends"
    cp "$built/triton/libtriton_baseline.so" "$to/backends/baseline"
    cp "$built/triton/triton_bench" "$built/tests/triton_tests" "$here/triton.sh" "$to"
    echo "$to: $(du -sh "$to" | cut -f1)"
}

in_core() {
    export LD_LIBRARY_PATH=$here/core${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} TRTV_TRITON_BACKENDS=$here/backends
    export TRTV_TRITON_MODEL=$1 TRTV_TRITON_KIND=KIND_CPU
    case $1 in *.onnx) ;; *) export TRTV_TRITON_KIND=KIND_GPU ;; esac
}

verb=${1:-}
shift || true
case $verb in
    pack) pack "$@" ;;
    test)
        in_core "$(realpath "${1:?test needs an engine}")"
        TRTV_TRITON_ENGINE=$TRTV_TRITON_MODEL "$here/triton_tests"
        ;;
    bench)
        in_core "$(realpath "${1:?bench needs a model}")"
        shift
        "$here/triton_bench" "$@"
        ;;
    *)
        sed -n '2,/^set/{/^#/p}' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
