#!/usr/bin/env python3
"""Makes the wheel of the package and the C library, by the standard library alone: build_wheel.py PACKAGE_FOLDER VERSION OUTPUT_FOLDER [MACHINE]."""
import base64
import hashlib
import pathlib
import platform
import sys
import zipfile

SUMMARY = "Vocos vocoder: mel spectrograms to speech, by a TensorRT engine or an ONNX model inside the process"


def main() -> None:
    package, version, output = pathlib.Path(sys.argv[1]), sys.argv[2], pathlib.Path(sys.argv[3])
    machine = sys.argv[4] if len(sys.argv) > 4 else platform.machine()
    here = pathlib.Path(__file__).resolve().parent
    tag = f"py3-none-manylinux_2_34_{machine}"
    metadata = f"trtvocoder-{version}.dist-info"
    files = {f"trtvocoder/{path.name}": path.read_bytes() for path in (here / "trtvocoder").iterdir() if path.is_file()}
    files.update({f"trtvocoder/lib/{path.name}": path.read_bytes() for path in (package / "lib").glob("*.so")})
    for path in (package / "share/doc/trtvocoder").glob("*"):
        if path.name.startswith(("LICENSE", "ThirdPartyNotices")):
            files[f"{metadata}/licenses/{path.name}"] = path.read_bytes()
    files[f"{metadata}/METADATA"] = (
        f"Metadata-Version: 2.1\nName: trtvocoder\nVersion: {version}\nSummary: {SUMMARY}\nLicense: MIT\nRequires-Python: >=3.8\nRequires-Dist: numpy\n"
        f"Classifier: Operating System :: POSIX :: Linux\nClassifier: Typing :: Typed\nDescription-Content-Type: text/markdown\n\n"
        + (here / "README.md").read_text(encoding="utf-8")).encode()
    files[f"{metadata}/WHEEL"] = f"Wheel-Version: 1.0\nGenerator: build_wheel.py\nRoot-Is-Purelib: false\nTag: {tag}\n".encode()
    record = "".join(f"{name},sha256={_hash(data)},{len(data)}\n" for name, data in sorted(files.items()))
    files[f"{metadata}/RECORD"] = f"{record}{metadata}/RECORD,,\n".encode()
    output.mkdir(parents=True, exist_ok=True)
    wheel = output / f"trtvocoder-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(files.items()):
            # One date, so that the same contents are the same file.
            entry = zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if name.endswith(".so") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    print(wheel)


def _hash(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    main()
