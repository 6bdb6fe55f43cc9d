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
out=Sources/DaybookSchema/Generated
check=${1:-}

plugin=${PROTOC_GEN_SWIFT:-}
if [ -z "$plugin" ]; then
  echo "building protoc-gen-swift …" >&2
  swift build --scratch-path .build-protoc --product protoc-gen-swift >&2
  plugin=.build-protoc/debug/protoc-gen-swift
fi

target=$out
[ "$check" = --check ] && target=$(mktemp -d)
mkdir -p "$target"
protoc --plugin=protoc-gen-swift="$plugin" --proto_path=schemas \
  --swift_out="$target" --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath \
  --swift_opt=UseAccessLevelOnImports=true \
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
