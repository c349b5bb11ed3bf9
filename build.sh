#!/usr/bin/env bash
# The one entry to everything that is built, run and tested here; CI calls the same verbs that a person does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The SDK's greeting and its certificate for web servers are nothing to this project.
export DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false

configuration=Release
native_build=build/native
program=out/trtvocoder

# Debian/Ubuntu package -> what it is for. Nothing of NVIDIA's is installed: docs/install-tensorrt.md says how.
packages=(
    "libfftw3-single3:FFTW, the inverse STFT"
    "libsoxr0:resampling of WAV files"
    "fonts-dejavu-core:text in plots"
    "g++:the native shim"
    "cmake:the native shim"
    "make:the native shim"
)

usage() {
    cat <<'EOF'
Usage: ./build.sh VERB [ARGUMENTS]

  setup            install what is missing by the system's package manager
  build            setup, then build everything; the program is left at out/trtvocoder
  aot              setup, then build the program as native code that needs no .NET: out/aot/trtvocoder
  native           build the native shim and its test double only
  demo             speech.wav -> mel -> Vocos -> out/demo.wav, with the figures and a picture
  test [FILTER]    build, then run every test; ends in 'N passed, N failed, N skipped'
  bench [ARGS]     decodes beside PyTorch's in turns, then the benchmarks (ratios against bare FFTW and the like)
  ptx [--check]    make native/kernels/kernels.ptx from its source (or only compare)
  format [--check] format C# and C++ (or only check)
  clean            remove everything that was built
EOF
}

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

fail() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

setup() {
    local missing=() entry name
    command -v dotnet >/dev/null ||
        fail "the .NET 10 SDK is missing: install it (package dotnet-sdk-10.0, or Microsoft's dotnet-install script) and try again."
    if ! command -v dpkg-query >/dev/null; then
        say "no dpkg here: install FFTW 3 (single precision), libsoxr, g++, cmake and make by this system's package manager"
        return
    fi
    for entry in "${packages[@]}"; do
        name=${entry%%:*}
        if ! dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed'; then
            missing+=("$name")
            say "missing: $name (${entry#*:})"
        fi
    done
    if ((${#missing[@]} == 0)); then return; fi

    install_packages "${missing[@]}"
}

install_packages() {
    local as_root=()
    if ((EUID != 0)); then
        command -v sudo >/dev/null || fail "not root and no sudo: run 'apt-get install $*' as root and try again."
        as_root=(sudo)
    fi
    say "installing: $*"
    "${as_root[@]}" apt-get update -qq
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
}

native() {
    say "native: the shim and its double"
    mkdir -p build
    cmake -S . -B "$native_build" -DCMAKE_BUILD_TYPE="$configuration" ${TENSORRT_ROOT:+-DTENSORRT_ROOT="$TENSORRT_ROOT"} >"$native_build.log" 2>&1 ||
        { cat "$native_build.log" >&2; fail "cmake could not configure native/ (above)."; }
    cmake --build "$native_build" --parallel "$(nproc)" >"$native_build.log" 2>&1 ||
        { cat "$native_build.log" >&2; fail "native/ did not compile (above)."; }
}

managed() {
    say "managed: TrtVocoder.sln"
    # 'dotnet build' would add its summary to what the verb itself has to say.
    dotnet msbuild TrtVocoder.sln -restore -p:Configuration="$configuration" -v:quiet -nologo
    say "program: $program"
    dotnet publish src/TrtVocoder.Cli -c "$configuration" -v quiet -nologo -o out/cli
    ln -sfn cli/TrtVocoder.Cli "$program"
}

build() {
    mkdir -p out
    setup
    native
    managed
}

# The program as native code, with the native libraries it needs beside it.
publish_aot() {
    say "program: out/aot/trtvocoder"
    rm -rf out/aot
    dotnet publish src/TrtVocoder.Cli -c "$configuration" -v quiet -nologo -p:WithAot=true -o out/aot
    # The project cannot be called so: NuGet takes it for the library TrtVocoder.
    mv out/aot/TrtVocoder.Cli out/aot/trtvocoder
}

aot() {
    mkdir -p out
    setup
    native
    publish_aot
}

demo() {
    build
    local model=out/vocos-demo.onnx clip=models/vocos-demo/speech.wav
    say "checkpoint -> ONNX"
    "$program" export models/vocos-demo --output "$model" --force
    say "speech.wav -> mel -> Vocos -> out/demo.wav"
    "$program" synth "$clip" --model "$model" --output out/demo.wav --force
    say "how close it is"
    "$program" compare "$clip" out/demo.wav --plot out/demo.png --force
}

# Runs one command, shows its output, and adds its counts to the totals. VSTest closes with 'Failed: N, Passed: N,
# Skipped: N'; the native runners close with 'N passed, N failed, N skipped'. A run that closes with neither has failed.
count() {
    local name=$1 log closing status=0
    shift
    log=$(mktemp)
    say "test: $name"
    "$@" 2>&1 | tee "$log" || status=$?
    if closing=$(grep -oE 'Failed: +[0-9]+, Passed: +[0-9]+, Skipped: +[0-9]+' "$log" | tail -n 1) && [[ -n $closing ]]; then
        read -r f p s < <(grep -oE '[0-9]+' <<<"$closing" | xargs)
    elif closing=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1) && [[ -n $closing ]]; then
        read -r p f s < <(grep -oE '[0-9]+' <<<"$closing" | xargs)
    else
        read -r p f s <<<"0 1 0"
    fi
    if ((status != 0 && f == 0)); then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    rm -f "$log"
}

# Every form that the exporter writes of the golden checkpoints, for those who read models without C#: the simulator's tests here, onnx.checker
# and the like elsewhere.
forms() {
    local folder=$1 checkpoint precision depthwise form
    mkdir -p "$folder"
    for checkpoint in tests/data/golden/tiny-*/; do
        for precision in fp32 fp16; do
            for depthwise in conv shift; do
                for form in "spectrum --layout bins-major" "spectrum --layout frame-major" waveform; do
                    # shellcheck disable=SC2086 # The form is several words.
                    "$program" export "$checkpoint" --precision $precision --depthwise $depthwise --signal $form --force \
                        --output "$folder/$(basename "$checkpoint").$precision.$depthwise.${form// --layout /.}.onnx" >/dev/null
                done
            done
        done
    done
}

# Why managed tests were skipped, each reason with its count; the native runners say so themselves.
skip_reasons() {
    awk -F'[<>]' '/outcome="/ { skipped = /outcome="NotExecuted"/ } skipped && $2 == "Message" { print $3; skipped = 0 }' "$@" |
        sort | uniq -c | sed 's/^ */skipped: /'
}

tests() {
    local results="$PWD/build/test-results"
    build
    rm -rf "$results"
    forms build/forms
    export TRTV_SIM_MODELS="$PWD/build/forms"
    passed=0 failed=0 skipped=0
    local project runner
    count bindings dotnet run --project bindings/generator -c "$configuration" --no-build -- --check
    for runner in "$native_build"/tests/*_tests; do
        if [[ -x $runner ]]; then count "$(basename "$runner")" "$runner"; fi
    done
    # The command line's tests run the program as users have it.
    export TRTV_TEST_PROGRAM="$PWD/out/cli/TrtVocoder.Cli.dll"
    for project in tests/*.Tests; do
        count "$(basename "$project")" dotnet test "$project" -c "$configuration" --no-build --nologo \
            --logger "console;verbosity=minimal" --logger "trx;LogFileName=$results/$(basename "$project").trx" ${1:+--filter "$1"}
    done
    # The native program once through its commands; TRTV_TEST_PROGRAM=$PWD/out/aot/trtvocoder dotnet test tests/TrtVocoder.Cli.Tests runs all.
    if [[ -z ${1:-} ]]; then
        publish_aot
        TRTV_TEST_PROGRAM="$PWD/out/aot/trtvocoder" count "native program" dotnet test tests/TrtVocoder.Cli.Tests -c "$configuration" \
            --no-build --nologo --filter 'FullyQualifiedName~.CommandTests' --logger "console;verbosity=minimal"
    fi
    skip_reasons "$results"/*.trx
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}

# One PyTorch program, if it can run here: its result goes to the file, and the file to 'against'.
baseline() {
    local result=$1 status=0
    shift
    "$@" --frames "$bench_frames" --threads "$(nproc)" --duration 2 >"$result" || status=$?
    if ((status == 0)); then against+=("$result"); else say "left out: $1 ${2:-}"; fi
}

# The program and PyTorch, from C# and from Python, on the same random model of the published size: in turns, so that each round tells the
# ratios anew and the spread between them tells the noise.
baselines() {
    local folder=out/bench/baselines bench_frames=64,256,512 round against
    mkdir -p "$folder"
    dotnet publish tests/baselines/TorchSharpVocos -c "$configuration" -v quiet -nologo -p:WithLibTorch=true -o out/torch
    dotnet out/bench/TrtVocoder.Benchmarks.dll checkpoint "$folder/full"
    "$program" export "$folder/full" --layout frame-major --output "$folder/full.onnx" --force
    for round in 1 2 3; do
        say "round $round of 3: PyTorch, then this program beside it"
        against=()
        baseline "$folder/torchsharp-$round.json" dotnet out/torch/TorchSharpVocos.dll "$folder/full"
        if python3 -c 'import torch' 2>/dev/null; then
            baseline "$folder/python-$round.json" python3 tests/baselines/vocos_torch.py "$folder/full" --device cpu
        else
            say "left out: tests/baselines/vocos_torch.py; python3 has no module 'torch'"
        fi
        "$program" bench "$folder/full.onnx" --mode sequential --frames "$bench_frames" --threads "$(nproc)" --duration 2 ${against:+--against "${against[@]}"}
    done
}

bench() {
    build
    # With PyTorch's native part (200 MB), which nothing else needs.
    dotnet publish tests/TrtVocoder.Benchmarks -c "$configuration" -v quiet -nologo -p:WithLibTorch=true -o out/bench
    baselines
    dotnet out/bench/TrtVocoder.Benchmarks.dll "$@"
    dotnet out/bench/TrtVocoder.Benchmarks.dll peak-memory
}

# The GPU kernels as PTX, for compute capability 8.0; the driver compiles it for the GPU at hand. One version of clang, so that a change is
# a change of ours; no CUDA toolkit.
ptx() {
    local folder=native/kernels made=build/kernels.ptx
    command -v clang-16 >/dev/null || install_packages clang-16
    mkdir -p build
    clang-16 -x cuda --cuda-gpu-arch=sm_80 --cuda-device-only -nocudainc -nocudalib -O3 -Wall -Wextra -Werror -S -o "$made" "$folder/kernels.cu"
    if [[ ${1:-} != --check ]]; then
        cp "$made" "$folder/kernels.ptx"
    elif ! diff -q "$made" "$folder/kernels.ptx" >/dev/null; then
        fail "$folder/kernels.ptx is not what its source makes; run './build.sh ptx' and commit it."
    fi
}

format() {
    local check=()
    if [[ ${1:-} == --check ]]; then check=(--verify-no-changes); fi
    dotnet format TrtVocoder.sln "${check[@]}"
    if command -v clang-format >/dev/null; then
        git ls-files '*.cpp' '*.h' ':!bindings/headers' | xargs -r clang-format ${check:+--dry-run -Werror} -i
    else
        say "clang-format is not installed: C++ left as it is"
    fi
}

clean() {
    rm -rf build out
    find . -type d \( -name bin -o -name obj \) -not -path './.git/*' -prune -exec rm -rf {} +
}

verb=${1:-help}
shift || true
case $verb in
    setup | native | aot | demo | bench | ptx | format | clean) "$verb" "$@" ;;
    build) build ;;
    test) tests "$@" ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        fail "unknown verb '$verb'."
        ;;
esac
