#!/usr/bin/env bash
# Generates Sources/DaybookSchema/Generated from schemas/daybook/v1/*.proto.
#   schemas/generate.sh           writes the files
#   schemas/generate.sh --check   fails if the committed files differ from what it would write
# SOURCES.sha256 beside them holds the checksums of both sides, so that a test notices a change to
# one of them without protoc.
# Needs protoc. The Swift plugin is built from the swift-protobuf release that Package.swift
# resolves, in .build-protoc, unless PROTOC_GEN_SWIFT names one.
set -euo pipefail
cd "$(dirname "$0")/.."
version=1.39.0
out=Sources/DaybookSchema/Generated
check=${1:-}

plugin=${PROTOC_GEN_SWIFT:-}
if [ -z "$plugin" ]; then
  if [ ! -x .build-protoc/release/protoc-gen-swift ]; then
    mkdir -p .build-protoc
    [ -d .build-protoc/source ] || git clone -q --branch "$version" --depth 1 \
      https://github.com/apple/swift-protobuf .build-protoc/source
    echo "building protoc-gen-swift $version …" >&2
    swift build --package-path .build-protoc/source --scratch-path .build-protoc \
      -c release --product protoc-gen-swift >&2
  fi
  plugin=.build-protoc/release/protoc-gen-swift
fi

target=$out
[ "$check" = --check ] && target=$(mktemp -d)
mkdir -p "$target"
protoc --plugin=protoc-gen-swift="$plugin" --proto_path=schemas \
  --swift_out="$target" --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath \
  schemas/daybook/v1/*.proto
{
  sha256sum schemas/daybook/v1/*.proto
  (cd "$target" && sha256sum ./*.pb.swift) | sed "s|\./|$out/|"
} > "$target/SOURCES.sha256"
if [ "$check" = --check ]; then
  trap 'rm -rf "$target"' EXIT
  if ! diff -r "$target" "$out" >&2; then
    echo "Generated Swift is not what schemas/ says: run schemas/generate.sh and commit." >&2
    exit 1
  fi
  echo "generated Swift agrees with schemas/"
fi
