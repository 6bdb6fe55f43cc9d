import Doubles
import Foundation
import Testing

/// Whether generated Swift is what the schemas say, by the checksums that `schemas/generate.sh`
/// leaves of both. (`schemas/generate.sh --check` generates anew and compares, which needs protoc.)
enum GeneratedCode {
  static let folder = "Sources/DaybookSchema/Generated"
  static let stubs = "Sources/LogRPC/Generated"
  static let checksums = "\(folder)/SOURCES.sha256"

  /// In what the files below `root` differ from their checksums.
  static func differences(in root: URL) throws -> [String] {
    let text = try String(contentsOf: root.appending(path: checksums), encoding: .utf8)
    let listed = text.split(separator: "\n").map { String($0.split(separator: " ").last ?? "") }
    let there =
      try
      (files("schemas/daybook/v1", ".proto", in: root) + files(folder, ".pb.swift", in: root)
      + files(stubs, ".grpc.swift", in: root))
    var found = Set(there).symmetricDifference(listed).sorted().map { "\($0): only on one side" }
    let output = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: output) }
    let check = try ChildProcess(
      "/usr/bin/env", ["sha256sum", "--check", "--strict", "--quiet", checksums],
      folder: root.path, output: output.path)
    let status = check.finished()
    let lines = try String(contentsOf: output, encoding: .utf8)
    found += lines.split(separator: "\n").map(String.init)
    if status != 0, found.isEmpty { found.append("sha256sum failed") }
    return found
  }

  private static func files(_ folder: String, _ suffix: String, in root: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: root.appending(path: folder).path)
      .filter { $0.hasSuffix(suffix) }.map { "\(folder)/\($0)" }
  }
}

@Suite("Generated code")
struct GeneratedCodeTests {
  @Test("generated Swift and the schemas are those that were generated together")
  func agree() throws {
    let differences = try GeneratedCode.differences(in: Repository.root)
    #expect(differences == [], "run schemas/generate.sh and commit what it wrote")
  }

  @Test("a changed schema, a changed file and a new one are found", arguments: [0, 1, 2])
  func found(change: Int) throws {
    let root = FileManager.default.temporaryDirectory.appending(path: "tidy-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: root) }
    for folder in ["schemas/daybook/v1", GeneratedCode.folder, GeneratedCode.stubs] {
      let copy = root.appending(path: folder)
      try FileManager.default.createDirectory(
        at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
      try FileManager.default.copyItem(at: Repository.root.appending(path: folder), to: copy)
    }
    try #require(try GeneratedCode.differences(in: root) == [])
    let paths = [
      "schemas/daybook/v1/event.proto", "\(GeneratedCode.folder)/frame.pb.swift",
      "schemas/daybook/v1/new.proto",
    ]
    try "changed\n".write(
      to: root.appending(path: paths[change]), atomically: false, encoding: .utf8)
    #expect(try GeneratedCode.differences(in: root).count == 1)
  }
}
