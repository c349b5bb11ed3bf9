#!/usr/bin/env bash
# Checks and timings on a real GPU. The target needs a driver, TensorRT 10's libnvinfer.so.10 and libfftw3f, but no .NET:
#
#   tests/gpu/run.sh pack DIR            on a machine with .NET and g++: puts all the target needs into DIR
#   DIR/run.sh check ENGINES             on the target: every check, closing with 'N passed, N failed, N skipped'
#   DIR/run.sh time ENGINES [OUT]        on the target: managed decodes against plain C++ (in turns, in one process) and PyTorch, and the
#                                        replay of varied lengths; JSON lines in OUT, tables on standard output
#
# ENGINES holds tiny/ (tiny_fp32.engine, tiny_fp16.engine, and tiny_rtx.engine built by TensorRT-RTX) and half-width/ (half-width_fp16.engine), each with the
# vectors T###.{mel,re,im,audio}.npy that PyTorch made from the same weights. TRTV_TENSORRT_DIR names TensorRT's folder.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${ROUNDS:-100}
lengths=${FRAMES:-64 256 512}

pack() {
    local to=${1:?pack needs a folder} root
    root=$(cd "$here/../.." && pwd)
    mkdir -p "$to"
    to=$(cd "$to" && pwd)
    cd "$root"
    ./build.sh native
    dotnet publish tests/gpu/TrtVocoder.GpuTests -c Release -r linux-x64 -v quiet -nologo -o build/gpu -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false
    g++ -std=c++17 -O2 -Wall -Wextra -Wno-unused-parameter -isystem native/nvinfer/10 -fPIC -shared -fvisibility=hidden -isystem native/nvinfer/cuda \
        tests/gpu/plain_decode.cpp -ldl -o "$to/libplain_decode.so"
    cp build/gpu/TrtVocoder.GpuTests "$to/gpu_tests"
    cp build/native/libtrtvocoder10.so tests/gpu/run.sh tests/gpu/summarize.py tests/baselines/vocos_torch.py \
        src/TrtVocoder.Benchmarking/f5tts-lengths.txt "$to/"
}

check() {
    "$here/gpu_tests" "${1:?check needs the folder of engines}"
}

time_decodes() {
    local engines=${1:?time needs the folder of engines} out=${2:-.} frames
    local engine=$engines/half-width/half-width_fp16.engine
    : >"$out/timing.jsonl"
    for frames in $lengths; do "$here/gpu_tests" time "$engine" "$frames" "$rounds" >>"$out/timing.jsonl"; done
    "$here/gpu_tests" replay "$engine" "$here/f5tts-lengths.txt" >"$out/replay.jsonl"
    "$here/gpu_tests" layers "$engine" 256 >"$out/layers.jsonl"
    python3 "$here/vocos_torch.py" --random 256,768,8 >"$out/torch-half-width.json" || echo "PyTorch is left out" >&2
    python3 "$here/vocos_torch.py" --random 512,1536,8 >"$out/torch-full-size.json" || echo "PyTorch is left out" >&2
    python3 "$here/summarize.py" "$out"
}

case ${1:-} in
    pack) pack "${2:-}" ;;
    check) check "${2:-}" ;;
    time) time_decodes "${2:-}" "${3:-.}" ;;
    *)
        sed -n '2,10p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
