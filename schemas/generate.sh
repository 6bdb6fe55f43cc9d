#!/usr/bin/env bash
# Generates Sources/DaybookSchema/Generated from schemas/daybook/v1/*.proto, and the gRPC stubs of service.proto
# in Sources/LogRPC/Generated.
#   schemas/generate.sh           writes the files
#   schemas/generate.sh --check   fails if the committed files differ from what it would write
# SOURCES.sha256 beside them holds the checksums of both sides, so that a test notices a change to
# one of them without protoc.
# Needs protoc. The plugins are built from the releases that Package.swift resolves, in .build-protoc, unless
# PROTOC_GEN_SWIFT and PROTOC_GEN_GRPC_SWIFT name them.
set -euo pipefail
cd "$(dirname "$0")/.."
out=Sources/DaybookSchema/Generated
rpc=Sources/LogRPC/Generated
check=${1:-}

# plugin NAME GIVEN: its path; built, unless it is given.
plugin() {
  [ -n "$2" ] && echo "$2" && return
  echo "building $1 …" >&2
  swift build --scratch-path .build-protoc --product "$1" >&2
  echo ".build-protoc/debug/$1"
}
messages=$(plugin protoc-gen-swift "${PROTOC_GEN_SWIFT:-}")
services=$(plugin protoc-gen-grpc-swift-2 "${PROTOC_GEN_GRPC_SWIFT:-}")

root=.
[ "$check" = --check ] && root=$(mktemp -d)
target=$root/$out
stubs=$root/$rpc
mkdir -p "$target" "$stubs"
protoc --plugin=protoc-gen-swift="$messages" --proto_path=schemas \
  --swift_out="$target" --swift_opt=Visibility=Package --swift_opt=FileNaming=DropPath \
  --swift_opt=UseAccessLevelOnImports=true \
  schemas/daybook/v1/*.proto
protoc --plugin=protoc-gen-grpc-swift-2="$services" --proto_path=schemas \
  --grpc-swift-2_out="$stubs" --grpc-swift-2_opt=Visibility=Package \
  --grpc-swift-2_opt=FileNaming=DropPath --grpc-swift-2_opt=UseAccessLevelOnImports=true \
  --grpc-swift-2_opt=ExtraModuleImports=DaybookSchema \
  schemas/daybook/v1/service.proto
{
  sha256sum schemas/daybook/v1/*.proto
  (cd "$root" && sha256sum "$out"/*.pb.swift "$rpc"/*.grpc.swift)
} > "$target/SOURCES.sha256"
if [ "$check" = --check ]; then
  trap 'rm -rf "$root"' EXIT
  if ! diff -r "$target" "$out" >&2 || ! diff -r "$stubs" "$rpc" >&2; then
    echo "Generated Swift is not what schemas/ says: run schemas/generate.sh and commit." >&2
    exit 1
  fi
  echo "generated Swift agrees with schemas/"
fi
