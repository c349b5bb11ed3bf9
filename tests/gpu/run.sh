#!/usr/bin/env bash
# Checks and timings on a real GPU. The target needs a driver, TensorRT 10's libnvinfer.so.10 and libfftw3f, but no .NET:
#
#   tests/gpu/run.sh pack DIR [ENGINES]       on a machine with .NET and g++: puts all the target needs into DIR, with tiny_rtx.engine, which TensorRT-RTX
#                                             builds there on the CPU; TRTV_TENSORRT_RTX_DIR names its folder. Whole decodes of ENGINES/forms/NAME.onnx
#                                             by ONNX Runtime, which the engines are held to, go to DIR/forms
#   DIR/run.sh check ENGINES [--without GROUP]...
#                                             on the target: every check, closing with 'N passed, N failed, N skipped'; what is missing has failed unless
#                                             its group (tiny, half-width, half-width-shift, forms, streaming, rtx) was left out by name, which is counted as skipped
#   DIR/run.sh time ENGINES [OUT]             on the target: managed decodes against plain C++ (in turns, in one process) and PyTorch, and the
#                                             replay of varied lengths; JSON lines in OUT, tables on standard output
#
#   DIR/run.sh stream ENGINES [OUT]           on the target: what pushes of 1, 10 and 64 frames cost with state on the GPU, and by decoding again
#
# The engines in streaming/ are made of one checkpoint, as they are by 'build' (its trunk in FP16, of which the reference is heard):
#
#   trtvocoder build CHECKPOINT --streaming --min 1 --opt 10 --max 256 --output ENGINES/streaming/streaming.engine
#   trtvocoder build CHECKPOINT --max 256 --output ENGINES/streaming/whole.engine
#
# or, where the builder runs elsewhere, of the .onnx that 'trtvocoder export CHECKPOINT --streaming --precision fp16 --layout frame-major --output
# streaming.onnx' writes: 'trtvocoder build streaming.onnx --min 1 --opt 10 --max 256 …'.
#
# ENGINES holds tiny/ (tiny_fp32.engine, tiny_fp16.engine), half-width/ (half-width_fp16.engine) and half-width-shift/ (frame-major.engine, waveform.engine,
# batch.engine for 16 items), each with the vectors T###.{mel,re,im,audio}.npy that PyTorch made from the same weights, and forms/ (other people's networks:
# NAME.engine, NAME.mel.npy, NAME.audio.npy). TRTV_TENSORRT_DIR names TensorRT's folder. FRAMES, ROUNDS and TIMED (engines of ENGINES) narrow 'time'.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
rounds=${ROUNDS:-100}
lengths=${FRAMES:-64 256 512}
timed=${TIMED:-half-width-shift/frame-major half-width-shift/waveform half-width/half-width_fp16}
batch_engine=half-width-shift/batch
batch_items=16

pack() {
    local to=${1:?pack needs a folder} engines root
    engines=${2:+$(cd "$2" && pwd)}
    root=$(cd "$here/../.." && pwd)
    mkdir -p "$to"
    to=$(cd "$to" && pwd)
    cd "$root"
    ./build.sh native
    dotnet publish tests/gpu/TrtVocoder.GpuTests -c Release -r linux-x64 -v quiet -nologo -o build/gpu -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false
    g++ -std=c++17 -O2 -Wall -Wextra -Wno-unused-parameter -isystem native/nvinfer/10 -fPIC -shared -fvisibility=hidden -isystem native/nvinfer/cuda \
        tests/gpu/plain_decode.cpp -ldl -o "$to/libplain_decode.so"
    cp build/gpu/TrtVocoder.GpuTests "$to/gpu_tests"
    cp build/native/libtrtvocoder10.so build/native/libtrtvocoder11.so tests/gpu/run.sh tests/gpu/summarize.py tests/baselines/vocos_torch.py \
        src/TrtVocoder.Benchmarking/f5tts-lengths.txt "$to/"
    rtx_engine "$to"
    form_answers "$to" "$engines"
}

# The engine that the checks of TensorRT-RTX refuse or run. It is made on the CPU; where it cannot be, those checks fail or are left out by name.
rtx_engine() {
    local to=$1
    rm -f "$to/tiny_rtx.engine" "$to/tiny_rtx.engine.json"
    if [[ -z ${TRTV_TENSORRT_RTX_DIR:-} ]]; then
        echo "run.sh: TRTV_TENSORRT_RTX_DIR is not set, so tiny_rtx.engine was not made: 'check' fails without it unless it is told '--without rtx'" >&2
        return
    fi
    dotnet build src/TrtVocoder.Cli -c Release -v quiet -nologo
    local program=(dotnet run --project src/TrtVocoder.Cli -c Release --no-build --)
    "${program[@]}" export tests/data/golden/tiny-center --output build/gpu/tiny.onnx --force
    "${program[@]}" build build/gpu/tiny.onnx --runtime rtx --output "$to/tiny_rtx.engine" --force
}

# What the checks of other people's engines compare with: the .onnx decoded in one piece.
form_answers() {
    local to=$1 engines=$2 mel frames name bands model
    if [[ -z $engines ]]; then
        echo "run.sh: no ENGINES were named, so the answers of forms/ were not made: 'check' fails without them unless it is told '--without forms'" >&2
        return
    fi
    mkdir -p "$to/forms"
    "$to/gpu_tests" mels build/gpu/mels
    dotnet build src/TrtVocoder.Cli -c Release -v quiet -nologo
    for model in "$engines"/forms/*.onnx; do
        name=$(basename "$model" .onnx)
        # It takes one length alone; wetdog has its weights.
        [[ $name != fixed256 ]] || continue
        case $name in sherpa22 | wavenext) bands=80 ;; *) bands=100 ;; esac
        for mel in build/gpu/mels/mel."$bands".*.npy; do
            frames=${mel%.npy}
            frames=${frames##*.}
            dotnet run --project src/TrtVocoder.Cli -c Release --no-build -- synth "$mel" --model "$model" --output "$to/forms/$name.$frames.wav" --format float --chunk-frames 4096 --force
        done
    done
}

check() {
    "$here/gpu_tests" "${1:?check needs the folder of engines}" "${@:2}"
}

time_decodes() {
    local engines=${1:?time needs the folder of engines} out=${2:-.} frames name
    mkdir -p "$out"
    : >"$out/timing.jsonl"
    for name in $timed; do
        for frames in $lengths; do "$here/gpu_tests" time "$engines/$name.engine" "$frames" "$rounds" >>"$out/timing.jsonl"; done
    done
    "$here/gpu_tests" time "$engines/$batch_engine.engine" 256 "$rounds" "$batch_items" >>"$out/timing.jsonl"
    "$here/gpu_tests" replay "$engines/${timed%% *}.engine" "$here/f5tts-lengths.txt" >"$out/replay.jsonl"
    "$here/gpu_tests" layers "$engines/${timed%% *}.engine" 256 >"$out/layers.jsonl"
    python3 "$here/vocos_torch.py" --random 256,768,8 >"$out/torch-half-width.json" || echo "PyTorch is left out" >&2
    python3 "$here/vocos_torch.py" --random 512,1536,8 >"$out/torch-full-size.json" || echo "PyTorch is left out" >&2
    python3 "$here/summarize.py" "$out"
}

time_pushes() {
    local engines=${1:?stream needs the folder of engines} out=${2:-.} chunk
    mkdir -p "$out"
    : >"$out/stream.jsonl"
    for chunk in 1 10 64; do
        "$here/gpu_tests" stream "$engines/streaming/streaming.engine" "$engines/streaming/whole.engine" "$chunk" "$rounds" | tee -a "$out/stream.jsonl"
    done
}

case ${1:-} in
    pack) pack "${2:-}" "${3:-}" ;;
    check) check "${@:2}" ;;
    stream) time_pushes "${2:-}" "${3:-.}" ;;
    time) time_decodes "${2:-}" "${3:-.}" ;;
    *)
        sed -n '2,16p' "${BASH_SOURCE[0]}" >&2
        exit 2
        ;;
esac
