#!/usr/bin/env bash
# The one entry to everything that is built, run and tested here; CI calls the same verbs that a person does.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

# The SDK's greeting and its certificate for web servers are nothing to this project.
export DOTNET_NOLOGO=1 DOTNET_GENERATE_ASPNET_CERTIFICATE=false

configuration=Release
native_build=build/native
program=out/trtvocoder

# What is compiled for: this machine; in 'arm64' a Jetson, with results in a folder of their own.
machine=$(uname -m)
out=out
publish_for=()

# Debian/Ubuntu package -> what it is for. Nothing of NVIDIA's is installed: docs/install-tensorrt.md says how.
packages=(
    "libfftw3-single3:FFTW, the inverse STFT"
    "libsoxr0:resampling of WAV files"
    "fonts-dejavu-core:text in plots"
    "g++:the native shim"
    "cmake:the native shim"
    "make:the native shim"
    "nlohmann-json3-dev:the Triton backend's build"
)

# The same, of what compiles for arm64 on another machine and runs what it made.
arm64_packages=(
    "g++-aarch64-linux-gnu:the cross compiler"
    "qemu-user:running programs for arm64"
)

usage() {
    cat <<'EOF'
Usage: ./build.sh VERB [ARGUMENTS]

  setup            install what is missing by the system's package manager
  build            setup, then build everything; the program is left at out/trtvocoder
  aot              setup, then build the program as native code that needs no .NET: out/aot/trtvocoder
  native           build the native shim and its test double only
  native-package   setup, then build the C library and its archive: out/native-package/trtvocoder-VERSION-linux-ARCHITECTURE.tar.gz
  wheel            native-package, then the Python package: out/python/trtvocoder-VERSION-….whl
  arm64            for a Jetson, on another machine: out/arm64 with program, C library, wheel and NuGet package, tried under QEMU; ends in the counts
  arm64-native     the shim for TensorRT 10 and the test double for arm64, and their tests under QEMU; skipped where only root could install what it needs
  triton           native-package, then the backend for Triton Inference Server: out/triton/trtvocoder-triton-VERSION-linux-ARCHITECTURE.tar.gz
  clients          build, then the C library, the wheel, the Triton backend, and their tests
  triton-soak [N]  build, then N (10000) requests of 64 clients to the Triton backend, on the double and in the real core (TRTV_TRITON_DIR)
  demo             speech.wav -> mel -> Vocos -> out/demo.wav, with the figures and a picture
  forms            build every form, size and number of mels with TensorRT-RTX, of which 'test' takes a sample (minutes)
  test [FILTER]    build, then run every test; ends in 'N passed, N failed, N skipped'
  fuzz [SECONDS]   feed every reader of files with mutated ones for so long (60); more arguments go to the fuzzer: --target NAME, --seed N,
                   --executions N, --replay FILE
  soak [REQUESTS]  the web service of examples/ on the loopback: 32 clients, 20,000 requests or ten minutes, every byte compared; too long for CI
  sanitize [SECONDS [RUNNER…]]
                   the native tests under AddressSanitizer with UBSan, then under ThreadSanitizer; so long for the tests (180), compiling apart; of RUNNERs in place of
                   all that CI has, triton_tests among them, which are too long for it
  pack             build, then make the NuGet packages: out/packages
  packages [--all | --quick]
                   pack, compare what each package holds with the approved list, and run fresh consumers of them, made outside this tree: the
                   five that differ most, or every {framework-dependent, self-contained, single file, AOT} × {no RID, linux-x64}, each on the CPU and on the double;
                   --quick, as CI has it: the libraries and one consumer, self-contained, here and in a container's root; --approve writes the lists anew
  ci               'test', then what is too long for it ('clients', 'packages --quick', 'arm64-native', 'fuzz', 'sanitize'), each with its budget of minutes, some beside
                   others; ends in the counts of all
  call-price [N]   what a call by the C interface costs over the managed one, median over N (5000) pairs; fails above 2 microseconds
  bench [ARGS]     decodes beside PyTorch's in turns, then the benchmarks (ratios against bare FFTW and the like)
  ptx [--check]    make native/kernels/kernels.ptx from its source (or only compare)
  format [--check] format C# and C++ (or only check)
  api [--check]    write docs/api, the reference of the public members, from their docstrings (or only check that it is as the code says)
  face             write the PublicAPI files of the libraries anew (git diff shows what changed of their public members)
  clean            remove everything that was built
EOF
}

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

fail() {
    printf 'build.sh: %s\n' "$*" >&2
    exit 1
}

setup() {
    command -v dotnet >/dev/null ||
        fail "the .NET 10 SDK is missing: install it (package dotnet-sdk-10.0, or Microsoft's dotnet-install script) and try again."
    if ! command -v dpkg-query >/dev/null; then
        say "no dpkg here: install FFTW 3 (single precision), libsoxr, g++, cmake, make and nlohmann-json by this system's package manager"
        return
    fi
    require "${packages[@]}"
}

# Installs what is missing of such lists.
require() {
    local missing=() entry name
    for entry in "$@"; do
        name=${entry%%:*}
        if ! dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed'; then
            missing+=("$name")
            say "missing: $name (${entry#*:})"
        fi
    done
    if ((${#missing[@]} > 0)); then install_packages "${missing[@]}"; fi
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
    cmake -S . -B "$native_build" -DCMAKE_BUILD_TYPE="$configuration" -DCMAKE_UNITY_BUILD="${TRTV_JOINS_FILES:-OFF}" ${TENSORRT_ROOT:+-DTENSORRT_ROOT="$TENSORRT_ROOT"} >"$native_build.log" 2>&1 ||
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

# The packages of what 'build' left, and the program as a tool, which is compiled for its system.
pack_built() {
    say "packages: out/packages"
    rm -rf out/packages
    # The same commit gives the same packages, byte by byte: files in them bear its date.
    export SOURCE_DATE_EPOCH
    SOURCE_DATE_EPOCH=$(git log -1 --format=%ct 2>/dev/null || echo 946684800)
    dotnet msbuild packaging/pack.proj -p:Configuration="$configuration" -p:PackageOutputPath="$PWD/out/packages" -v:quiet -nologo -m
    local system=linux-x64 with_arm64=false
    if [[ $machine == aarch64 ]]; then system=linux-arm64; fi
    dotnet pack "src/TrtVocoder.Runtime.$system" -c "$configuration" -v quiet -nologo -o out/packages
    # Shims of another commit would go under this one's name.
    if [[ $system == linux-arm64 ]]; then
        say "left out: TrtVocoder.Runtime.linux-x64, which a machine of that architecture makes"
    elif [[ -e build/native-arm64/commit && $(<build/native-arm64/commit) == "$(git rev-parse HEAD)" ]]; then
        with_arm64=true
        dotnet pack src/TrtVocoder.Runtime.linux-arm64 -c "$configuration" -v quiet -nologo -o out/packages
    else
        say "left out: what is for linux-arm64 (TrtVocoder.Runtime, TrtVocoder.Tool), whose shims './build.sh arm64' makes for a commit"
    fi
    if [[ ${1:-} != --quick ]]; then
        dotnet pack src/TrtVocoder.Cli -c "$configuration" -v quiet -nologo -p:AsTool=true -p:WithArm64=$with_arm64 -o out/packages
    fi
}

# CMake's targets for arm64, of joined files, which compile in half the time.
arm64_cmake() {
    mkdir -p build
    cmake -S . -B build/native-arm64 -DCMAKE_TOOLCHAIN_FILE=native/toolchains/linux-arm64.cmake -DCMAKE_BUILD_TYPE="$configuration" -DCMAKE_UNITY_BUILD=ON \
        >build/native-arm64.log 2>&1 && cmake --build build/native-arm64 --parallel "$(nproc)" --target "$@" >>build/native-arm64.log 2>&1 ||
        { tail -n 50 build/native-arm64.log >&2; fail "native/ did not compile for arm64 (above)."; }
}

# What programs see as '/' under QEMU where a file is in it: the cross compiler's libraries, and an arm64 processor's /proc/cpuinfo, without which ONNX Runtime
# takes this machine's for its own and dies.
arm64_root() {
    local core
    mkdir -p build/arm64-root/proc
    ln -sfn /usr/aarch64-linux-gnu/lib build/arm64-root/lib
    for core in $(seq 0 $(($(nproc) - 1))); do
        printf 'processor\t: %d\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp\n' "$core"
        printf 'CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x0\nCPU part\t: 0xd42\nCPU revision\t: 1\n\n'
    done >build/arm64-root/proc/cpuinfo
    export QEMU_LD_PREFIX=$PWD/build/arm64-root
}

on_arm64() { timeout --verbose --kill-after=5 240 qemu-aarch64 "$@"; }

arm64_tests() {
    local runner
    for runner in "$@"; do count "arm64: $runner" on_arm64 "build/native-arm64/tests/$runner"; done
}

arm64_native_compile() {
    # Only a part of what a package needs is made here.
    rm -f build/native-arm64/commit
    arm64_cmake trtvocoder10 shim10_tests trtv_simulator_tests
}

# Whether there is what compiles for arm64 and runs it; installed where that asks nobody for a password.
arm64_tools() {
    if [[ $EUID == 0 || ${CI:-} == true ]] && command -v dpkg-query >/dev/null && { [[ $EUID == 0 ]] || sudo -n true 2>/dev/null; }; then
        require "${arm64_packages[@]}"
    fi
    [[ -e /usr/aarch64-linux-gnu/lib/libstdc++.so.6 ]] && command -v aarch64-linux-gnu-g++ >/dev/null && command -v qemu-aarch64 >/dev/null
}

# CI's share: what an ABI or a processor could change, of the TensorRT that JetPack brings. A step that fails ends it: it is not called within a condition.
arm64-native() {
    if ! arm64_tools; then
        echo "skipped: arm64: aarch64-linux-gnu-g++ or qemu-aarch64 is missing, and only root can install them (Debian: g++-aarch64-linux-gnu, qemu-user)"
        echo "0 passed, 0 failed, 1 skipped"
        return
    fi
    say "arm64: the shim and its double"
    arm64_native_compile
    arm64_root
    passed=0 failed=0 skipped=0
    # NVIDIA's libraries at hand are those of this machine's processor.
    unset TRTV_TENSORRT_DIR TRTV_TENSORRT_RTX_DIR
    arm64_tests shim10_tests trtv_simulator_tests
    check_counted "arm64: the shim runs with glibc 2.34 and libstdc++ 3.4.29" old_enough build/native-arm64/libtrtvocoder10.so
    totals
}

# One check into the totals.
check_counted() {
    local checks_passed=0 checks_failed=0
    check_that "$@"
    passed=$((passed + checks_passed)) failed=$((failed + checks_failed))
}

# At least so many dB between two files, by the program.
as_close_as() {
    local limit=$1 said
    said=$("$program" compare "$2" "$3" | sed -n 's/^signal to noise *\([0-9.]*\) dB$/\1/p')
    echo "$2, $3: ${said:-?} dB, $limit asked"
    [[ -n $said ]] && awk "BEGIN { exit !($said >= $limit) }"
}

# A mel on arm64 under QEMU against the same on this machine: by the program on the double, discrete and sharing the host's memory, and on the CPU; by the C library.
arm64_decodes() {
    local folder=$PWD/build/arm64 double=$PWD/build/native-arm64/simulator library=$native_folder/lib
    local mel=tests/data/golden/features/silence.floor1e-5.mel.npy here=(env TRTV_CUDA_DIR="$PWD/build/native/simulator" TRTV_TENSORRT_DIR="$PWD/build/native/simulator")
    local board=(env TRTV_CUDA_DIR="$double" TRTV_TENSORRT_DIR="$double")
    rm -rf "$folder"
    mkdir -p "$folder"
    {
        "$program" export models/vocos-demo --output "$folder/demo.onnx" && "${here[@]}" "$program" build "$folder/demo.onnx" --output "$folder/demo.engine" --max 256 &&
            "${here[@]}" "$program" synth "$mel" --model "$folder/demo.engine" --output "$folder/engine.wav" --format float &&
            "$program" synth "$mel" --model "$folder/demo.onnx" --output "$folder/cpu.wav" --format float
    } >"$folder/references.log" 2>&1 || { cat "$folder/references.log"; failed=$((failed + 1)); return; }
    aarch64-linux-gnu-gcc -std=c11 -Wall -Werror examples/decode.c -I "$native_folder/include" -L "$library" -ltrtvocoder -lm -Wl,-rpath,"$PWD/$library" -o "$folder/decode" ||
        { failed=$((failed + 1)); return; }
    arm64_synth() { "${board[@]}" TRTV_SIM_INTEGRATED="$1" timeout 240 qemu-aarch64 "$out/aot/trtvocoder" synth "$mel" --model "$2" --output "$3" --format float; }
    check_counted "arm64: 'doctor' finds ONNX Runtime and the double" eval '"${board[@]}" timeout 240 qemu-aarch64 "$out/aot/trtvocoder" doctor'
    check_counted "arm64: an engine decodes on the double" arm64_synth 0 "$folder/demo.engine" "$folder/discrete.wav"
    # Where every copy fails but the first, which takes the inverse STFT's tables to the GPU, only what makes none decodes.
    arm64_without_copies() { TRTV_SIM_FAULT='cuMemcpyHtoDAsync_v2@2+=1;cuMemcpyDtoHAsync_v2=1' arm64_synth "$@"; }
    # Fails, and over a copy.
    arm64_copies() {
        local said
        if said=$(arm64_without_copies "$@" 2>&1); then return 1; fi
        echo "$said"
        grep -qE 'cuMemcpy(HtoD|DtoH)Async' <<<"$said"
    }
    check_counted "arm64: an engine decodes without a copy on the double that shares the host's memory" arm64_without_copies 1 "$folder/demo.engine" "$folder/integrated.wav"
    check_counted "arm64: on the other it needs copies" arm64_copies 0 "$folder/demo.engine" "$folder/fails.wav"
    check_counted "arm64: both give the same samples" cmp "$folder/discrete.wav" "$folder/integrated.wav"
    check_counted "arm64: they are this machine's" as_close_as 110 "$folder/engine.wav" "$folder/discrete.wav"
    check_counted "arm64: the CPU decodes by ONNX Runtime" arm64_synth 0 "$folder/demo.onnx" "$folder/arm64-cpu.wav"
    check_counted "arm64: its samples are this machine's" as_close_as 110 "$folder/cpu.wav" "$folder/arm64-cpu.wav"
    check_counted "arm64: the C library decodes an engine on the double" eval '"${board[@]}" timeout 240 qemu-aarch64 "$folder/decode" "$folder/demo.engine" "$folder/c.wav"'
}

# Everything for a Jetson, compiled here and tried under QEMU.
arm64() {
    [[ -n ${TRTV_IS_BUILT:-} ]] || build
    require "${arm64_packages[@]}"
    machine=aarch64 out=out/arm64 native_build=build/native-arm64 publish_for=(-r linux-arm64)
    say "arm64: shims, double and tests"
    arm64_cmake trtvocoder10 trtvocoder11 shim10_tests shim11_tests unit_tests kernel_tests trtv_simulator_tests
    git rev-parse HEAD >build/native-arm64/commit 2>/dev/null || rm -f build/native-arm64/commit
    publish_aot
    publish_native_package
    publish_wheel
    say "NuGet package: $out/packages"
    dotnet pack src/TrtVocoder.Runtime.linux-arm64 -c "$configuration" -v quiet -nologo -o "$out/packages"
    arm64_root
    passed=0 failed=0 skipped=0
    unset TRTV_TENSORRT_DIR TRTV_TENSORRT_RTX_DIR
    arm64_tests shim10_tests shim11_tests unit_tests kernel_tests trtv_simulator_tests
    check_counted "arm64: the libraries run with glibc 2.34 and libstdc++ 3.4.29" old_enough "$native_folder"/lib/*.so "$out/aot/trtvocoder"
    check_counted "arm64: the library's symbols are those that are written down" c_symbols
    arm64_decodes
    totals
}

pack() {
    build
    pack_built
}

packages() {
    [[ -n ${TRTV_IS_BUILT:-} ]] || build
    command -v unzip >/dev/null || require "unzip:looking into packages"
    pack_built "$@"
    passed=0 failed=0 skipped=0
    count "packages and their consumers" tests/packages/run.sh "$PWD/out/packages" "$PWD/$program" "$PWD/$native_build/simulator" "$@"
    totals
}

# The program as native code, with the native libraries it needs beside it.
publish_aot() {
    say "program: $out/aot/trtvocoder"
    rm -rf "$out/aot"
    dotnet publish src/TrtVocoder.Cli -c "$configuration" -v quiet -nologo "${publish_for[@]}" -p:WithAot=true -o "$out/aot"
    # The project cannot be called so: NuGet takes it for the library TrtVocoder.
    mv "$out/aot/TrtVocoder.Cli" "$out/aot/trtvocoder"
}

aot() {
    mkdir -p out
    setup
    native
    publish_aot
}

# The C library with its header, what it needs beside it, and what pkg-config and CMake find it by; then the archive.
publish_native_package() {
    local version name published=build/native-library-$machine
    version=$(sed -n 's:.*<Version>\(.*\)</Version>.*:\1:p' Directory.Build.props)
    name=trtvocoder-$version-linux-$machine
    native_folder=$out/native-package/$name
    say "C library: $native_folder"
    dotnet publish src/TrtVocoder.NativeLibrary -c "$configuration" -v quiet -nologo "${publish_for[@]}" -o "$published"
    rm -rf "$out/native-package"
    mkdir -p "$native_folder"/{include,lib/pkgconfig,lib/cmake/TrtVocoder,share/doc/trtvocoder/examples}
    # Not called so before: NuGet would take the project for the library TrtVocoder.
    cp "$published/TrtVocoder.NativeLibrary.so" "$native_folder/lib/libtrtvocoder.so"
    cp "$published/libonnxruntime.so" "$native_build"/libtrtvocoder1?.so "$native_folder/lib"
    chmod 755 "$native_folder"/lib/*.so
    cp src/TrtVocoder.NativeLibrary/include/trtvocoder.h "$native_folder/include"
    sed "s/@VERSION@/$version/" native/package/trtvocoder.pc.in >"$native_folder/lib/pkgconfig/trtvocoder.pc"
    cp native/package/TrtVocoderConfig.cmake "$native_folder/lib/cmake/TrtVocoder"
    sed "s/@VERSION@/$version/; s/@MAJOR_MINOR@/${version%.*}/" native/package/TrtVocoderConfigVersion.cmake.in \
        >"$native_folder/lib/cmake/TrtVocoder/TrtVocoderConfigVersion.cmake"
    cp LICENSE "$published"/LICENSE.* "$published"/ThirdPartyNotices.* docs/c-api.md "$native_folder/share/doc/trtvocoder"
    cp examples/CMakeLists.txt examples/*.c examples/*.cpp "$native_folder/share/doc/trtvocoder/examples"
    tar --create --gzip --sort=name --owner=0 --group=0 --numeric-owner --mtime='2000-01-01 00:00Z' --directory="$out/native-package" \
        --file="$out/native-package/$name.tar.gz" "$name"
}

native-package() {
    mkdir -p out
    setup
    native
    publish_native_package
}

# What clients in other languages are compared with: a model, an engine of it on the double, a mel, and what the program decodes of it. A small model, with the
# demo's mel and samples: the double computes it in a tenth of the time, and nothing that is compared is about its size.
client_references() {
    local folder=$PWD/build/clients checkpoint=tests/data/golden/tiny-center
    mkdir -p "$folder"
    export TRTV_CUDA_DIR="$PWD/$native_build/simulator" TRTV_TENSORRT_DIR="$PWD/$native_build/simulator" TRTV_CLIENT_VERSION=${native_folder#*trtvocoder-}
    export TRTV_CLIENT_VERSION=${TRTV_CLIENT_VERSION%%-*} TRTV_CLIENT_MODEL=$folder/tiny.onnx TRTV_CLIENT_ENGINE=$folder/tiny.engine
    export TRTV_CLIENT_PROGRAM=$PWD/$program TRTV_CLIENT_SHORT_ENGINE=$folder/short.engine
    export TRTV_CLIENT_SPEECH="$PWD/models/vocos-demo/speech.wav" TRTV_CLIENT_MEL=$folder/mel.npy
    export TRTV_CLIENT_STREAMING_MODEL=$folder/streaming.onnx TRTV_CLIENT_STREAMING_ENGINE=$folder/streaming.engine TRTV_CLIENT_HEADER=$PWD/$native_folder/include/trtvocoder.h
    export TRTV_CLIENT_CPU_AUDIO=$folder/cpu.wav TRTV_CLIENT_ENGINE_AUDIO=$folder/engine.wav
    rm -f "$folder"/*.*
    # Within 'other_hosts' a failing step would be passed over.
    {
        "$program" export "$checkpoint" --output "$TRTV_CLIENT_MODEL" &&
            "$program" export "$checkpoint" --streaming --output "$TRTV_CLIENT_STREAMING_MODEL" &&
            "$program" build "$TRTV_CLIENT_MODEL" --output "$TRTV_CLIENT_ENGINE" --max 256 &&
            "$program" build "$TRTV_CLIENT_MODEL" --output "$TRTV_CLIENT_SHORT_ENGINE" --max 64 &&
            "$program" build "$checkpoint" --streaming --output "$TRTV_CLIENT_STREAMING_ENGINE" --min 1 --opt 10 --max 64 &&
            "$program" mel "$TRTV_CLIENT_SPEECH" --model "$TRTV_CLIENT_MODEL" --output "$TRTV_CLIENT_MEL" &&
            "$program" synth "$TRTV_CLIENT_MEL" --model "$TRTV_CLIENT_MODEL" --output "$TRTV_CLIENT_CPU_AUDIO" --format float &&
            "$program" synth "$TRTV_CLIENT_MEL" --model "$TRTV_CLIENT_ENGINE" --output "$TRTV_CLIENT_ENGINE_AUDIO" --format float
    } >"$folder/references.log" 2>&1 || { cat "$folder/references.log"; return 1; }
}

# One check, as a line and a count in 'checks_passed' and 'checks_failed'.
check_that() {
    local what=$1 log
    shift
    log=$(mktemp)
    if "$@" >"$log" 2>&1; then
        checks_passed=$((checks_passed + 1))
        echo "pass  $what"
    else
        checks_failed=$((checks_failed + 1))
        cat "$log"
        echo "FAIL  $what"
    fi
    rm -f "$log"
}

c_symbols() {
    nm -D --defined-only "$native_folder/lib/libtrtvocoder.so" | awk '$2 != "A" { sub("@.*", "", $3); print $3 }' | LC_ALL=C sort |
        diff tests/native-library/symbols.txt - || { echo "The library's symbols (>) are not those of tests/native-library/symbols.txt (<)."; return 1; }
}

# Needs glibc and libstdc++ of at most these versions, as 'manylinux_2_34' has them.
old_enough() {
    local newest
    newest=$(objdump -T "$@" | grep -oE '(GLIBC|GLIBCXX)_[0-9.]+' | sort -u)
    printf '%s\nGLIBC_2.34\n' "$newest" | grep '^GLIBC_' | sort -V | tail -n 1 | grep -qx GLIBC_2.34 &&
        printf '%s\nGLIBCXX_3.4.29\n' "$newest" | grep '^GLIBCXX_' | sort -V | tail -n 1 | grep -qx GLIBCXX_3.4.29 ||
        { printf '%s\n' "$newest" | sort -V | tail -n 4; return 1; }
}

# A user's project, away from this repository.
fresh_cmake_consumer() {
    local folder=$1
    tar --extract --file="$PWD/$native_folder.tar.gz" --directory="$folder"
    cp -r examples "$folder/consumer"
    cmake -S "$folder/consumer" -B "$folder/consumer/build" -DCMAKE_PREFIX_PATH="$folder/$(basename "$native_folder")" \
        -DCMAKE_C_FLAGS='-Wall -Werror' -DCMAKE_CXX_FLAGS='-Wall -Werror' && cmake --build "$folder/consumer/build" &&
        (cd "$folder" && consumer/build/decode "$TRTV_CLIENT_MODEL" cpu.wav && consumer/build/decode "$TRTV_CLIENT_ENGINE" engine.wav &&
            consumer/build/threads "$TRTV_CLIENT_MODEL" 8 && consumer/build/stream "$TRTV_CLIENT_MODEL" >stream.raw &&
            [[ $(stat -c %s cpu.wav) -gt 90000 && $(stat -c %s engine.wav) -gt 90000 && $(stat -c %s stream.raw) == $((199 * 256 * 4)) ]])
}

fresh_pkg_config_consumer() {
    local folder=$1
    export PKG_CONFIG_PATH="$folder/$(basename "$native_folder")/lib/pkgconfig"
    # shellcheck disable=SC2046 # Flags are several words.
    cc -std=c11 -Wall -Werror examples/decode.c $(pkg-config --cflags --libs trtvocoder) -lm -Wl,-rpath,"$(pkg-config --variable=libdir trtvocoder)" \
        -o "$folder/decode" && "$folder/decode" "$TRTV_CLIENT_MODEL" "$folder/again.wav" && cmp "$folder/cpu.wav" "$folder/again.wav"
}

# The C interface by clients in C11 and C++17, sanitized, on the CPU and on the double.
c_clients() {
    local folder clients=build/clients/c checks_passed=0 checks_failed=0
    # .NET and ONNX Runtime keep what they hold until the process ends.
    local -x ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1
    folder=$(mktemp -d)
    cmake -S tests/native-library -B "$clients" -DCMAKE_PREFIX_PATH="$PWD/$native_folder" >"$clients.log" 2>&1 &&
        cmake --build "$clients" --parallel "$(nproc)" >>"$clients.log" 2>&1 || { cat "$clients.log"; rm -rf "$folder"; failed=$((failed + 1)); return; }
    mkdir "$folder/copy"
    cp "$native_folder"/lib/*.so "$folder/copy"
    # One that hangs has failed, and holds nothing up.
    count "C interface" timeout --verbose --kill-after=5 240 "$clients/client_tests"
    count "C interface under random calls" timeout --verbose --kill-after=5 240 "$clients/fuzz_client" 3
    count "C library by its path" env -C / "$PWD/$clients/dlopen_client" "$PWD/$native_folder/lib/libtrtvocoder.so" "$TRTV_CLIENT_MODEL" "$folder/copy/libtrtvocoder.so"
    check_that "the library's symbols are those that are written down" c_symbols
    check_that "the libraries run with glibc 2.34 and libstdc++ 3.4.29" old_enough "$native_folder"/lib/*.so
    check_that "the C example is clean under sanitizers" "$clients/decode_sanitized" "$TRTV_CLIENT_ENGINE" "$folder/sanitized.wav"
    check_that "the C example of a stream is clean under sanitizers" "$clients/stream_sanitized" "$TRTV_CLIENT_STREAMING_MODEL"
    check_that "the C++ example is clean under sanitizers" "$clients/threads_sanitized" "$TRTV_CLIENT_MODEL" 4
    check_that "a fresh project finds the archive by CMake" fresh_cmake_consumer "$folder"
    check_that "a fresh project finds the archive by pkg-config" fresh_pkg_config_consumer "$folder"
    rm -rf "$folder"
    passed=$((passed + checks_passed)) failed=$((failed + checks_failed))
}

# The wheel of what publish_native_package left.
publish_wheel() {
    local version=${native_folder#*trtvocoder-}
    rm -rf "$out/python"
    say "wheel: $(python3 python/build_wheel.py "$native_folder" "${version%%-*}" "$out/python" "$machine")"
}

wheel() {
    native-package
    publish_wheel
}

# The wheel from its file, in a fresh environment that sees the system's numpy; no package index is asked.
python_client() {
    local folder python=${TRTV_TEST_PYTHON:-/usr/bin/python3}
    if [[ ${CI:-} == true ]] && ! "$python" -c 'import numpy, ensurepip' 2>/dev/null; then install_packages python3-numpy python3-venv; fi
    if ! "$python" -c 'import numpy, ensurepip' 2>/dev/null; then
        echo "skipped: $python lacks numpy or venv (Debian: python3-numpy, python3-venv)"
        echo "0 passed, 0 failed, 1 skipped"
        return
    fi
    folder=$(mktemp -d)
    "$python" -m venv --system-site-packages "$folder/environment" &&
        "$folder/environment/bin/pip" install --quiet --no-index --disable-pip-version-check out/python/*.whl || { rm -rf "$folder"; return 1; }
    cp python/tests/test_trtvocoder.py "$folder"
    local status=0
    timeout --verbose --kill-after=5 240 env -C "$folder" environment/bin/python test_trtvocoder.py || status=$?
    rm -rf "$folder"
    return $status
}

# The folder that an operator puts among the server's backends, of what publish_native_package left; then its archive.
publish_triton() {
    local name=trtvocoder-triton-${native_folder#*trtvocoder-} file
    triton_backends=$PWD/out/triton
    say "Triton backend: out/triton/trtvocoder"
    rm -rf out/triton
    mkdir -p out/triton/trtvocoder
    cp "$native_folder"/lib/*.so "$native_build/triton/libtriton_trtvocoder.so" out/triton/trtvocoder
    for file in LICENSE THIRD-PARTY-NOTICES.md "$native_folder"/share/doc/trtvocoder/{LICENSE.*,ThirdPartyNotices.*} docs/triton.md; do cp "$file" out/triton/trtvocoder; done
    chmod 755 out/triton/trtvocoder/*.so
    tar --create --gzip --sort=name --owner=0 --group=0 --numeric-owner --mtime='2000-01-01 00:00Z' --directory=out/triton \
        --file="out/triton/$name.tar.gz" trtvocoder
}

triton() {
    native-package
    publish_triton
}

# Exports what the core calls and nothing else, and needs nothing of NVIDIA's.
triton_symbols() {
    local library=$triton_backends/trtvocoder/libtriton_trtvocoder.so
    nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort | diff tests/triton/symbols.txt - ||
        { echo "The backend's symbols (>) are not those of tests/triton/symbols.txt (<)."; return 1; }
    ! objdump -p "$library" | grep -E 'NEEDED +lib(triton|cuda|nvinfer|trtvocoder)'
}

# The host in the real core, with the real library; in a shell of its own, as the core's libraries are nobody else's. 'soak' is how many requests 64 clients send.
in_triton() {
    (
        export TRTV_TRITON_BACKENDS=$triton_backends LD_LIBRARY_PATH=$PWD/$native_build/triton/stand-in:$TRTV_TRITON_DIR
        export TRTV_TRITON_MODEL=$TRTV_CLIENT_MODEL TRTV_TRITON_ENGINE=$TRTV_CLIENT_ENGINE TRTV_TRITON_REPOSITORY=$PWD/build/clients/repository
        "$@"
    )
}

# The core's dependencies, which are the distribution's.
triton_packages() {
    if [[ ${CI:-} == true ]] && LD_LIBRARY_PATH=$PWD/$native_build/triton/stand-in:$TRTV_TRITON_DIR ldd "$TRTV_TRITON_DIR/libtritonserver.so" | grep -q 'not found'; then
        install_packages libnuma1 libxml2 libcurl4 zlib1g libssl3
    fi
}

# The repository that the backend is tested with, of the models of client_references.
triton_references() {
    local folder=build/clients
    rm -rf "$folder/repository"
    {
        "$program" triton "$TRTV_CLIENT_MODEL" --output "$folder/repository" &&
            "$program" triton "$TRTV_CLIENT_MODEL" --output "$folder/repository" --name streamed --decoupled &&
            "$program" triton "$TRTV_CLIENT_MODEL" --output "$folder/repository" --name half --fp16 &&
            "$program" triton "$TRTV_CLIENT_MODEL" --output "$folder/repository" --f5 &&
            "$program" triton "$TRTV_CLIENT_STREAMING_MODEL" --output "$folder/repository" --name sequences --sequences 4
    } >"$folder/triton.log" 2>&1 || { cat "$folder/triton.log"; return 1; }
}

triton_backend() {
    local checks_passed=0 checks_failed=0
    check_that "the backend's symbols are those that are written down" triton_symbols
    check_that "the backend runs with glibc 2.34 and libstdc++ 3.4.29" old_enough "$triton_backends"/trtvocoder/libtriton_trtvocoder.so
    passed=$((passed + checks_passed)) failed=$((failed + checks_failed))
    if [[ -z ${TRTV_TRITON_DIR:-} ]]; then
        echo "skipped: TRTV_TRITON_DIR does not name a folder with libtritonserver.so, Triton's core; on its double the backend is tested by triton_tests"
        skipped=$((skipped + 1))
        return
    fi
    triton_packages
    triton_references || { failed=$((failed + 1)); return; }
    count "Triton backend in Triton's core" in_triton timeout --verbose --kill-after=5 240 "$native_build/tests/triton_tests"
}

# 10,000 requests instead of CI's share, in the real core and on the double.
triton_soak() {
    build
    publish_native_package
    publish_triton
    client_references
    triton_references
    [[ -n ${TRTV_TRITON_DIR:-} ]] || fail "TRTV_TRITON_DIR does not name a folder with libtritonserver.so."
    local -x TRTV_TEST_CASES='some of whom' TRTV_TRITON_REQUESTS=${1:-10000}
    say "on the double"
    "$native_build/tests/triton_tests"
    say "in the real core"
    in_triton "$native_build/tests/triton_tests"
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
# Skipped: N'; the native runners and the verbs here close with 'N passed, N failed, N skipped'; the last such line counts. A run that closes
# with neither has failed, and so has one that was cut off.
count() {
    local name=$1 log closing p f s status=0
    shift
    log=$(mktemp)
    say "test: $name"
    "$@" 2>&1 | tee "$log" || status=$?
    closing=$(grep -oE 'Failed: +[0-9]+, Passed: +[0-9]+, Skipped: +[0-9]+|^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1) || true
    case $closing in
        Failed*) read -r f p s < <(grep -oE '[0-9]+' <<<"$closing" | xargs) ;;
        [0-9]*) read -r p f s < <(grep -oE '[0-9]+' <<<"$closing" | xargs) ;;
        *)
            read -r p f s <<<"0 1 0"
            say "$name: ended by status $status without its counts, which is one failure"
            ;;
    esac
    if ((status != 0 && f == 0)); then f=1; fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
    rm -f "$log"
}

# The closing line of a verb that counts, and its status.
totals() {
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0 && passed > 0))
}

# What 'export' writes of the golden checkpoints, for those who read models without C#: the simulator's tests here, onnx.checker and the like elsewhere.
golden_models() {
    local folder=$1 checkpoint precision target form
    mkdir -p "$folder"
    for checkpoint in tests/data/golden/tiny-*/; do
        for precision in fp32 fp16; do
            for target in gpu cpu; do
                for form in "spectrum --layout bins-major" "spectrum --layout frame-major" waveform; do
                    # shellcheck disable=SC2086 # The form is several words.
                    "$program" export "$checkpoint" --precision $precision --for $target --signal $form --force \
                        --output "$folder/$(basename "$checkpoint").$precision.$target.${form// --layout /.}.onnx" >/dev/null
                done
            done
        done
    done
}

# What tests/TrtVocoder.Examples.Tests runs the examples with: a speaker's library and a browser. On a person's machine those tests are skipped without.
example_tools() {
    local wanted=()
    if [[ ${CI:-} != true ]] || ! command -v dpkg-query >/dev/null; then return; fi
    if ! ldconfig -p | grep -q 'libportaudio\.so\.2'; then wanted+=(libportaudio2); fi
    if [[ ,${TRTV_TEST_WITHOUT:-}, != *,browser,* && -z ${TRTV_TEST_BROWSER:-} ]] && ! command -v chromium-headless-shell chromium google-chrome >/dev/null; then
        wanted+=(chromium-headless-shell)
    fi
    if ((${#wanted[@]} > 0)); then install_packages "${wanted[@]}"; fi
}

# The clients in other languages, with what they need.
clients() {
    # In 'ci' the tests come before, which built all.
    [[ -n ${TRTV_IS_BUILT:-} ]] || build
    publish_native_package
    publish_wheel
    publish_triton
    passed=0 failed=0 skipped=0
    other_hosts
    totals
}

# In a shell of its own: what points clients to the double is nobody else's.
other_hosts() {
    local counts p f s
    counts=$(mktemp)
    (
        passed=0 failed=0 skipped=0
        client_references || exit
        c_clients
        count "Python package" python_client
        triton_backend
        echo "$passed $failed $skipped" >"$counts"
    ) || true
    read -r p f s <"$counts" || read -r p f s <<<"0 1 0"
    rm -f "$counts"
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

# Why managed tests were skipped, each reason with its count; the native runners say so themselves.
skip_reasons() {
    awk -F'[<>]' '/outcome="/ { skipped = /outcome="NotExecuted"/ } skipped && $2 == "Message" { print $3; skipped = 0 }' "$@" |
        sort | uniq -c | sed 's/^ */skipped: /'
}

# One assembly of tests: its name without TrtVocoder and Tests, where its results go, a filter.
assembly() {
    local name=TrtVocoder${1:+.$1}.Tests
    dotnet test "tests/$name" -c "$configuration" --no-build --nologo --logger "console;verbosity=minimal" --logger "trx;LogFileName=$2/$name.trx" ${3:+--filter "$3"}
}

tests() {
    local results="$PWD/build/test-results"
    build
    example_tools
    rm -rf "$results"
    mkdir -p "$results"
    export TRTV_SIM_MODELS="$PWD/build/forms"
    passed=0 failed=0 skipped=0
    local project runner name cli aot=
    # The command line's tests run the program as users have it: all of them as native code, which takes half of the processor's time, and with .NET
    # what depends on the runtime (below). With a filter, those that it takes run with .NET, which is built sooner. The compiler leaves half of a core to what
    # comes before those tests.
    export TRTV_TEST_PROGRAM="$PWD/out/cli/TrtVocoder.Cli.dll"
    if [[ -z ${1:-} ]]; then
        publish_aot >"$results.aot.log" 2>&1 &
        aot=$!
        TRTV_TEST_PROGRAM="$PWD/out/aot/trtvocoder"
    fi
    golden_models build/forms
    count bindings dotnet run --project bindings/generator -c "$configuration" --no-build -- --check
    count "API reference" api_check
    count "PTX" ptx_check
    for runner in "$native_build"/tests/*_tests; do
        # They take seconds: one that hangs has failed, and holds nothing up.
        if [[ -x $runner ]]; then count "$(basename "$runner")" timeout --verbose --kill-after=5 240 "$runner"; fi
    done
    if [[ -n $aot ]]; then wait "$aot" || { cat "$results.aot.log" >&2; fail "the program could not be compiled to native code (above)."; }; fi
    # Those of the program wait for processes for most of their time: they run beside the others, but for those that take times.
    assembly Cli "$results" "$@" >"$results.cli.log" 2>&1 &
    cli=$!
    for project in tests/*.Tests; do
        name=$(basename "$project" .Tests)
        case ${name#TrtVocoder.} in
            Cli | Examples | TrtVocoder) ;;
            *) count "$name.Tests" assembly "${name#TrtVocoder.}" "$results" "$@" ;;
        esac
    done
    # What it ended with stands in its closing line; without one it has failed.
    wait "$cli" || true
    count "TrtVocoder.Cli.Tests" cat "$results.cli.log"
    # Every command, libraries and parts that are found or missing, signals, limits.
    if [[ -z ${1:-} ]]; then
        TRTV_TEST_PROGRAM="$PWD/out/cli/TrtVocoder.Cli.dll" assembly Cli "$results/with-dotnet" \
            'FullyQualifiedName~.CommandTests|FullyQualifiedName~.LibraryTests|Name~signal|Name~limit_of_a_files_size|Name~missing_part|Name~Cold_starts|Name~needs_no_ONNX_Runtime' \
            >"$results.cli.log" 2>&1 &
        cli=$!
    fi
    count "TrtVocoder.Tests" assembly "" "$results" "$@"
    wait "$cli" || true
    if [[ -z ${1:-} ]]; then count "program with .NET" cat "$results.cli.log"; fi
    count "TrtVocoder.Examples.Tests" assembly Examples "$results" "$@"
    skip_reasons "$results"/*.trx "$results"/*/*.trx
    for project in src/*/PublicAPI.Unshipped.txt; do
        say "public types of $(basename "$(dirname "$project")"): $(cat "${project%Unshipped.txt}"*.txt | grep -vc -e ' -> ' -e '^#')"
    done
    totals
}

# TensorRT-RTX builds engines on any CPU; docs/install-tensorrt.md says where it comes from.
forms() {
    build
    passed=0 failed=0 skipped=0
    TRTV_ALL_FORMS=1 count "every form of every size, by TensorRT-RTX" dotnet test tests/TrtVocoder.NvidiaLibraries.Tests -c "$configuration" --no-build --nologo \
        --filter 'FullyQualifiedName~RtxBuildTests.Forms_of_every_size' --logger "console;verbosity=normal"
    totals
}

# Executions, seconds and findings of each reader; a finding fails, and its input stays in build/fuzz.
fuzz() {
    local seconds=60
    if [[ ${1:-} =~ ^[0-9]+$ ]]; then
        seconds=$1
        shift
    fi
    say "fuzz: every reader of files, $seconds seconds"
    [[ -n ${TRTV_IS_BUILT:-} ]] || dotnet build tests/TrtVocoder.Fuzz -c "$configuration" -v quiet --nologo
    tests/TrtVocoder.Fuzz/bin/"$configuration"/net10.0/TrtVocoder.Fuzz --seconds "$seconds" "$@"
}

# Requests by how they ended, first bytes, threads and memory by thirds; a wrong byte, growth or an end that drops an answer fails.
soak() {
    say "soak: the web service, ${1:-20000} requests or ten minutes"
    dotnet build tests/TrtVocoder.Soak -c "$configuration" -v quiet --nologo
    tests/TrtVocoder.Soak/bin/"$configuration"/net10.0/TrtVocoder.Soak "$@"
}

# Without abi_tests: they compare numbers that other programs print.
sanitized=(shim10_tests shim11_tests unit_tests trtv_simulator_tests)
sanitizers=(address,undefined thread)

# The native tests once more with each sanitizer compiled in; a report ends the test that it came from as failed. Compiling has no limit: one over
# both would cut a slow machine off before a test ran. NVIDIA's libraries are left out, as no sanitizer sees into them.
sanitize() {
    local seconds=${1:-180} kind runner start=$SECONDS
    local -x ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1
    if (($# > 1)); then sanitized=("${@:2}"); fi
    passed=0 failed=0 skipped=0
    sanitize_compile
    say "sanitize: compiled in $((SECONDS - start)) s; the tests have $seconds s"
    start=$SECONDS
    for kind in "${sanitizers[@]}"; do
        for runner in "${sanitized[@]}"; do
            count "$kind: $runner" env -u TRTV_TENSORRT_DIR -u TRTV_TENSORRT_RTX_DIR timeout --verbose --kill-after=5 \
                "$((seconds > SECONDS - start ? seconds - SECONDS + start : 1))" "build/sanitize-${kind%%,*}/tests/$runner"
        done
    done
    say "sanitize: the tests took $((SECONDS - start)) s of $seconds s"
    totals
}

sanitize_compile() {
    local kind folder
    for kind in "${sanitizers[@]}"; do
        say "sanitize: $kind: compiling"
        folder=build/sanitize-${kind%%,*}
        mkdir -p build
        cmake -S . -B "$folder" -DCMAKE_BUILD_TYPE=Sanitize -DCMAKE_UNITY_BUILD=ON -DCMAKE_CXX_FLAGS="-O1 -g1 -fsanitize=$kind -fno-sanitize-recover=all -fno-omit-frame-pointer" \
            -DCMAKE_C_FLAGS="-fsanitize=$kind" >"$folder.log" 2>&1 &&
            cmake --build "$folder" --parallel "$(nproc)" --target "${sanitized[@]}" >>"$folder.log" 2>&1 ||
            { tail -n 50 "$folder.log" >&2; fail "native/ did not compile with -fsanitize=$kind (above)."; }
    done
}

# What CI runs: a verb with its arguments -> the minutes that it may take on two free cores, 25 at most together. '&': on one core, beside those behind it.
parts=(
    "test:15"
    "clients:4"
    "&fuzz 60:2"
    "packages --quick:1"
    "arm64-native:1"
    "sanitize 180:4"
)

# What parts of 'ci' begin with and 'test' does not build. At the lowest priority, while 'test' waits for something, it costs next to no time; what fails
# here fails again, and is told, in its own part.
ahead() {
    if arm64_tools; then arm64_native_compile; fi
    sanitize_compile
}

# A part of 'ci': its output, then a line of the report.
part() {
    local verb=$1 minutes=$2 start=$SECONDS status=0 took
    # shellcheck disable=SC2086 # A verb and its arguments are several words. As a program of its own: within a condition a failing step would be passed over.
    ./build.sh $verb || status=$?
    took=$((SECONDS - start))
    printf '%-16s %2d:%02d of %2d minutes%s\n' "$verb" $((took / 60)) $((took % 60)) "$minutes" "$( ((took > 60 * minutes)) && echo ': OVER ITS BUDGET')" >>build/ci.report
    return $status
}

# What the part beside the others printed, and how it ended.
beside_end() {
    cat build/beside.log
    return "$beside_status"
}

ci() {
    local entry verb ahead beside= beside_verb= beside_status
    # One compiler for all projects, also where the machine's environment turns it off: else each starts its own. It ends with the run.
    # Joined sources compile in half the time; a developer's build keeps them apart.
    export UseSharedCompilation=true TRTV_JOINS_FILES=ON
    trap 'dotnet build-server shutdown --vbcscompiler >/dev/null 2>&1 || true' EXIT
    passed=0 failed=0 skipped=0
    mkdir -p build
    rm -f build/ci.report
    # Before anything runs beside anything: packages are installed by one at a time.
    setup
    example_tools
    arm64_tools || true
    nice -n 19 ./build.sh ahead >build/ahead.log 2>&1 &
    ahead=$!
    for entry in "${parts[@]}"; do
        verb=${entry%:*}
        if [[ $verb == '&'* ]]; then
            beside_verb=${verb#&}
            part "$beside_verb" "${entry##*:}" >build/beside.log 2>&1 &
            beside=$!
            continue
        fi
        case $verb in arm64-native | sanitize*) wait "$ahead" || true ;; esac
        count "$verb" part "$verb" "${entry##*:}"
        export TRTV_IS_BUILT=1
    done
    beside_status=0
    wait "$beside" || beside_status=$?
    count "$beside_verb" beside_end
    cat build/ci.report
    totals
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
    "$program" export "$folder/full" --layout frame-major --for cpu --output "$folder/full.onnx" --force
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

# Both calls in one program of native code, with the smallest model, on the CPU and on the double.
call-price() {
    build
    say "the price of the C interface"
    dotnet publish tests/TrtVocoder.CallPrice -c "$configuration" -v quiet -nologo -p:NuGetLockFilePath=obj/publish.lock.json -p:RestoreLockedMode=false \
        -o out/call-price
    cp "$native_build"/libtrtvocoder1?.so out/call-price
    local -x TRTV_CUDA_DIR="$PWD/$native_build/simulator" TRTV_TENSORRT_DIR="$PWD/$native_build/simulator"
    "$program" export tests/data/golden/tiny-center --output out/call-price/tiny.onnx --force
    "$program" build out/call-price/tiny.onnx --output out/call-price/tiny.engine --force
    out/call-price/TrtVocoder.CallPrice "${1:-5000}" out/call-price/tiny.onnx out/call-price/tiny.engine
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

ptx_check() {
    if ptx --check; then echo "1 passed, 0 failed, 0 skipped"; else
        echo "0 passed, 1 failed, 0 skipped"
        return 1
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

# Writes each library's PublicAPI.Unshipped.txt anew, from what the analyzer misses in an empty one; git diff then shows what changed of the faces.
face() {
    local file project names
    # The core first: what it lacks would else be reported, and written, by those that reference it.
    for file in src/TrtVocoder/PublicAPI.Unshipped.txt src/TrtVocoder.*/PublicAPI.Unshipped.txt; do
        project=$(dirname "$file")
        printf '#nullable enable\n' >"$file"
        names=$(dotnet build "$project" -c "$configuration" -v quiet -nologo -p:TreatWarningsAsErrors=false -p:BuildProjectReferences="${1:-true}" |
            sed -n "s/.*RS0016: Symbol '\(.*\)' is not part of the declared public API.*/\1/p" | grep -vxFf "$project/PublicAPI.Shipped.txt" | LC_ALL=C sort -u)
        if [[ -n $names ]]; then printf '%s\n' "$names" >>"$file"; fi
    done
}

# docs/api from what was built: docfx writes Markdown of the libraries and their docstrings; then references become links that any reader of Markdown
# follows. Nothing in it tells where or when it was made.
api_pages() {
    rm -rf build/api
    dotnet tool restore >/dev/null
    dotnet docfx metadata docs/docfx.json --logLevel error
    rm -f build/api/.manifest build/api/toc.yml
    perl -i -pe '
        sub link_to {
            my ($uid) = @_;
            (my $name = $uid) =~ s/\(.*\)|`+\d+|\{.*\}//g;
            $name =~ s/%60.*//;
            my ($last) = $name =~ /([^.]+)$/;
            return "[$last]($name.md)" if -e "build/api/$name.md";
            my ($type) = $name =~ /^(.+)\.[^.]+$/;
            return "[" . ($type =~ /([^.]+)$/)[0] . ".$last]($type.md)" if defined $type && $name =~ /^TrtVocoder/ && -e "build/api/$type.md";
            return "`$last`";
        }
        s{<xref href="([^"]+)"[^>]*></xref>}{link_to($1)}ge;
        s{<code class="[a-z]+">([^<]*)</code>}{`$1`}g;
        s/[ \t]+$/ /; s/ $/  / if /^(Namespace|Assembly): /; s/^ (?=\[)//; s/\s+$/\n/ unless /^(Namespace|Assembly): /;
    ' build/api/*.md
}

# A test of one item: whether docs/api is what the docstrings give.
api_check() {
    api_pages
    if diff -r docs/api build/api >build/api.diff; then
        echo "1 passed, 0 failed, 0 skipped"
    else
        head -n 40 build/api.diff
        echo "docs/api is not what the docstrings say; './build.sh api' writes it anew."
        echo "0 passed, 1 failed, 0 skipped"
        return 1
    fi
}

api() {
    dotnet build src/TrtVocoder.Cli -c "$configuration" -v quiet --nologo
    # Beside what it uses, which a library alone is not.
    dotnet build tests/TrtVocoder.Hosting.Tests -c "$configuration" -v quiet --nologo
    if [[ ${1:-} == --check ]]; then
        api_check
    else
        api_pages
        rm -rf docs/api
        cp -r build/api docs/api
        say "docs/api: $(find docs/api -name '*.md' | wc -l) pages"
    fi
}

clean() {
    rm -rf build out
    find . -type d \( -name bin -o -name obj \) -not -path './.git/*' -prune -exec rm -rf {} +
}

verb=${1:-help}
shift || true
case $verb in
    setup | native | arm64 | arm64-native | native-package | wheel | triton | clients | aot | demo | forms | pack | packages | fuzz | soak | sanitize | ahead | ci | call-price | bench | ptx | format | face | api | clean) "$verb" "$@" ;;
    build) build ;;
    test) tests "$@" ;;
    triton-soak) triton_soak "$@" ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        fail "unknown verb '$verb'."
        ;;
esac
