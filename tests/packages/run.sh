#!/usr/bin/env bash
# The packages as users meet them: what each holds, and consumers of them, made, published and run outside this tree.
#
#   tests/packages/run.sh PACKAGES PROGRAM DOUBLE [--all | --quick | --approve]
#
# PACKAGES is the folder that './build.sh pack' left, PROGRAM the program (it says what is expected), DOUBLE the folder of the simulated GPU. Without --all
# the five ways run that differ most; with it all eight, with --quick one. Each decodes the demo on the CPU and an engine on the double. Ends in 'N passed, N failed, N skipped'.
set -euo pipefail
packages=$1 program=$2 double=$3 choice=${4:-}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0 skipped=0

# Runs a command; its output is shown where it fails.
item() {
    local name=$1
    shift
    if "$@" >"$work/log" 2>&1; then
        passed=$((passed + 1))
        printf 'passed: %s%s\n' "$name" "$(sed -n 's/^\(.* from the program.s\)$/: \1/p' "$work/log")"
    else
        failed=$((failed + 1))
        printf 'FAILED: %s\n' "$name"
        tail -n 40 "$work/log"
    fi
}

# The files of a package, without those that NuGet names at random.
listing() { unzip -Z1 "$1" | grep -vE '^(_rels/|package/|\[Content_Types\])' | LC_ALL=C sort; }

same_files() {
    local list=$here/approved/$1.txt package=$2
    if [[ $choice == --approve ]]; then listing "$package" >"$list"; fi
    diff "$list" <(listing "$package")
}

# 'NAME.VERSION.nupkg' without its version.
name_of() { basename "$1" | sed -E 's/\.[0-9]+\.[0-9]+\.[0-9]+(-[^/]*)?\.s?nupkg$//'; }

for package in "$packages"/*.nupkg; do
    item "files of $(name_of "$package")" same_files "$(name_of "$package")" "$package"
done
item "symbols of every library" diff <(cd "$packages" && ls ./*.snupkg | sed 's/snupkg$/nupkg/') \
    <(cd "$packages" && ls ./*.nupkg | grep -vE 'TrtVocoder\.(Runtime|Tool)\.')
if [[ $choice == --approve ]]; then
    printf '%d passed, %d failed, 0 skipped\n' "$passed" "$failed"
    exit
fi

version=$(basename "$packages"/TrtVocoder.Files.*.nupkg .nupkg)
version=${version#TrtVocoder.Files.}
onnx_runtime=$(sed -n 's/.*"Microsoft.ML.OnnxRuntime" Version="\([^"]*\)".*/\1/p' "$root/Directory.Packages.props")

# Ours come from the folder only, into a cache of this run; others from the cache that this machine has, and from its own feeds where they are not in it.
cat >"$work/nuget.config" <<EOF
<configuration>
  <packageSources><add key="just-made" value="$packages" /></packageSources>
  <fallbackPackageFolders><add key="machine" value="$(dotnet nuget locals global-packages --list | sed 's/^global-packages: //')" /></fallbackPackageFolders>
</configuration>
EOF
export NUGET_PACKAGES=$work/cache

# What the consumers are to decode, and to what.
mel=$root/tests/data/golden/features/silence.floor1e-5.mel.npy checkpoint=$root/models/vocos-demo
simulated=(TRTV_CUDA_DIR="$double" TRTV_TENSORRT_DIR="$double" TRTV_TENSORRT_RTX_DIR=/nonexistent)
"$program" export "$checkpoint" --output "$work/demo.onnx" >/dev/null
"$program" synth "$mel" --model "$work/demo.onnx" --output "$work/cpu.wav" --format float >/dev/null
"$program" synth "$mel" --model "$work/demo.onnx" --output "$work/cpu16.wav" >/dev/null
env "${simulated[@]}" "$program" build "$checkpoint" --output "$work/demo.engine" --max 256 >/dev/null
env "${simulated[@]}" "$program" synth "$mel" --model "$work/demo.engine" --output "$work/double.wav" --format float >/dev/null

# A root as a slim container has it: glibc, the C++ runtime, .NET's shared runtime where one is named, and what is copied into it; no FFTW, OpenSSL or shell.
container=$work/container
make_container() {
    local library
    mkdir -p "$container"/{proc,dotnet,tmp,data,double}
    while read -r library; do cp --dereference --parents "$library" "$container"; done < <(ldd "$1/libonnxruntime.so" "$double/libnvinfer.so.10" | grep -oE '/[^ ]*/(ld-|lib(c|m|dl|rt|pthread|gcc_s|stdc\+\+)\.so)[^ ]*' | sort -u)
    cp "$work"/demo.{onnx,engine,engine.json} "$mel" "$work"/{cpu,double}.wav "$container/data"
    cp "$double"/lib*.so* "$container/double"
}
as_root=(unshare --mount)
if ((EUID != 0)); then as_root=(unshare --user --map-root-user --mount); fi
in_container() {
    # shellcheck disable=SC2016 # The inner shell's.
    env -i PATH="$PATH" TRTV_CUDA_DIR=/double TRTV_TENSORRT_DIR=/double DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 \
        "${as_root[@]}" bash -c 'mount --rbind /proc "$0/proc" && mount --bind "$1" "$0/dotnet" && shift && exec chroot "$0" "$@"' "$container" "$dotnet" "$@"
}
dotnet=$(dotnet --list-runtimes | sed -n 's/^Microsoft\.NETCore\.App 10\..* \[\(.*\)\/shared\/.*/\1/p' | tail -n 1)
can_contain() { "${as_root[@]}" mount --rbind /proc /proc 2>/dev/null; }

# The consumer just published, where its own files and glibc are all there is.
contained_consumer() {
    local name=$1
    if ! can_contain; then
        echo "skipped: $name in a container's root: no mount namespace may be made here"
        skipped=$((skipped + 2))
        return
    fi
    make_container "$work/$name/out"
    rm -rf "$container/app"
    cp -r "$work/$name/out" "$container/app"
    item "$name, a container's root: the CPU" in_container /app/Consumer /data/demo.onnx "/data/$(basename "$mel")" /data/cpu.wav
    item "$name, a container's root: an engine on the double" in_container /app/Consumer /data/demo.engine "/data/$(basename "$mel")" /data/double.wav
}

# Publishes a copy of the consumer as a user would, on a machine that sets CI, and runs it.
consumer() {
    local name=$1
    shift
    cp -r "$here/Consumer" "$work/$name"
    item "$name: publish" env CI=true dotnet publish "$work/$name" -c Release -v quiet -nologo -o "$work/$name/out" \
        -p:TrtVocoderVersion="$version" -p:OnnxRuntimeVersion="$onnx_runtime" "$@"
    item "$name: the CPU" "$work/$name/out/Consumer" "$checkpoint" "$mel" "$work/cpu.wav"
    item "$name: an engine on the double" env "${simulated[@]}" "$work/$name/out/Consumer" "$work/demo.engine" "$mel" "$work/double.wav"
    case $name in self-contained | aot-linux-x64) contained_consumer "$name" ;; esac
    rm -rf "${work:?}/$name"
}

# What a debugger needs, and that nothing tells where the package was made: a commit of this repository, no folder of this machine in libraries, symbols and docs.
commit_is_told() {
    local package commit
    for package in "$packages"/*.nupkg; do
        commit=$(unzip -p "$package" '*.nuspec' | sed -n 's/.*<repository type="git".* commit="\([0-9a-f]*\)".*/\1/p')
        git -C "$root" cat-file -e "$commit^{commit}" || { echo "$package tells '$commit'"; return 1; }
    done
}
no_folder_is_told() {
    local package
    for package in "$packages"/*.*nupkg; do
        rm -rf "$work/unpacked"
        unzip -q "$package" -d "$work/unpacked" || return
        ! grep -rlaF --include='*.dll' --include='*.pdb' --include='*.xml' "$root/" "$work/unpacked" || { echo "in $package"; return 1; }
    done
}
if git -C "$root" rev-parse HEAD >/dev/null 2>&1; then
    item "every package tells a commit of this repository" commit_is_told
else
    echo "skipped: every package tells a commit of this repository: this is no checkout that git reads"
    skipped=$((skipped + 1))
fi
item "no package tells where it was made" no_folder_is_told
packed_again() {
    dotnet pack "$root/bindings/TrtVocoder.Bindings" -c Release -v quiet -nologo --no-build -o "$work/again" || return
    local package
    for package in "$work"/again/*; do cmp "$package" "$packages/$(basename "$package")" || return; done
}
item "packed again, a package is the same bytes" packed_again
consumer self-contained --self-contained true
if [[ $choice == --quick ]]; then
    printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
    ((failed == 0))
    exit
fi

# What a clone with an address tells; this one may have none.
sources_are_linked() {
    local address=https://github.com/example/trtvocoder
    git clone -q --depth 1 "file://$root" "$work/clone" && git -C "$work/clone" remote set-url origin "$address.git" &&
        dotnet pack "$work/clone/bindings/TrtVocoder.Bindings" -c Release -v quiet -nologo -o "$work/linked" &&
        unzip -p "$work"/linked/*.nupkg '*.nuspec' | grep -F "url=\"$address.git\"" &&
        unzip -p "$work"/linked/*.snupkg '*.pdb' | grep -aF '{"documents":{"/_/*":"https://raw.githubusercontent.com/example/trtvocoder/'
}
item "symbols link to their sources at the repository's address" sources_are_linked

single=(-p:PublishSingleFile=true --self-contained true)
consumer framework-dependent
consumer framework-dependent-linux-x64 -r linux-x64 --self-contained false
consumer single-file-linux-x64 -r linux-x64 "${single[@]}" -p:IncludeNativeLibrariesForSelfExtract=true
consumer aot-linux-x64 -r linux-x64 -p:PublishAot=true
if [[ $choice == --all ]]; then
    consumer self-contained-linux-x64 -r linux-x64 --self-contained true
    consumer single-file "${single[@]}"
    consumer aot -p:PublishAot=true
fi

# The example of the README, as it stands.
cp -r "$root/examples/console" "$work/console"
item "examples/console: publish" dotnet publish "$work/console" -c Release -v quiet -nologo -o "$work/console/out"
item "examples/console: speak" "$work/console/out/console" "$work/demo.onnx" "$mel" "$work/console.wav"
item "examples/console: the program's samples" cmp "$work/console.wav" "$work/cpu16.wav"

# The other examples, likewise; both decode part by part, which rounds otherwise: what they say is compared, and how much they wrote.
bytes_of() { (($(stat -c %s "$1") == $2)) || { echo "$1 has $(stat -c %s "$1") bytes, not $2"; return 1; }; }
ask_service() {
    local answer=$work/service.wav log=$work/service.log address status=0
    (cd "$work/web-service" && exec out/web-service --TrtVocoder:Model "$work/demo.onnx" --urls http://127.0.0.1:0 >"$log" 2>&1) &
    local service=$!
    for _ in $(seq 100); do
        address=$(sed -n 's/.*Now listening on: //p' "$log")
        if [[ -n $address ]]; then break; fi
        sleep 0.2
    done
    { curl --silent --show-error --fail --data-binary @"$mel" "$address/speech" --output "$answer" && bytes_of "$answer" "$(stat -c %s "$work/cpu16.wav")"; } || status=$?
    kill "$service" && wait "$service" || status=$?
    if ((status != 0)); then cat "$log"; fi
    return "$status"
}
for example in streaming web-service; do
    cp -r "$root/examples/$example" "$work/$example"
    item "examples/$example: publish" dotnet publish "$work/$example" -c Release -v quiet -nologo -o "$work/$example/out"
done
item "examples/streaming: speak" "$work/streaming/out/streaming" "$work/demo.onnx" "$mel" "$work/streaming.wav"
item "examples/streaming: as many samples as the program's" bytes_of "$work/streaming.wav" "$(stat -c %s "$work/cpu.wav")"
item "examples/web-service: answer, as many samples as the program's, and end" ask_service

# The program as a tool.
item "tool: install" dotnet tool install TrtVocoder.Tool --tool-path "$work/tool" --version "$version" --configfile "$work/nuget.config"
item "tool: decode" "$work/tool/trtvocoder" synth "$mel" --model "$work/demo.onnx" --output "$work/tool.wav" --format float
item "tool: the program's samples" cmp "$work/cpu.wav" "$work/tool.wav"

# What 'doctor' says of a container: which transform computes, and that both kinds of models run.
tool_in_container() {
    rm -rf "$container/app"
    cp -r "$(find "$work/tool/.store" -name TrtVocoder.Cli.dll -printf '%h\n' -quit)" "$container/app"
    in_container /dotnet/dotnet /app/TrtVocoder.Cli.dll doctor | tee "$work/doctor" &&
        grep -q '^optional *FFTW (single precision) *spectra and samples are computed in managed code' "$work/doctor" && grep -q '^Decoding on the CPU works' "$work/doctor" &&
        grep -q '^Engines can be run' "$work/doctor"
}
if can_contain; then
    item "tool, a container's root: 'doctor' says that managed code takes FFTW's place" tool_in_container
    item "tool, a container's root: decode" in_container /dotnet/dotnet /app/TrtVocoder.Cli.dll synth "/data/$(basename "$mel")" --model /data/demo.engine --output /tmp/tool.wav --format float
else
    echo "skipped: the tool in a container's root: no mount namespace may be made here"
    skipped=$((skipped + 2))
fi

printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
((failed == 0))
