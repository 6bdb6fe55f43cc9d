import DaybookModel
import Foundation
import Mirror
import Testing

@testable import Daybook

@Suite("The file of serve --mirror")
struct MirrorFileTests {
  private static let page = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../schemas/kafka.md")

  @Test("what schemas/kafka.md shows is read as what it says")
  func documented() throws {
    let parts = try String(contentsOf: Self.page, encoding: .utf8).components(
      separatedBy: "```yaml mirror\n")
    try #require(parts.count == 2)
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "daybook-mirror-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "mirror.yaml")
    try parts[1].components(separatedBy: "```")[0].write(
      to: file, atomically: true, encoding: .utf8)
    let secrets = folder.appending(path: "kafka.secrets")
    try Data("sasl.password=hidden\n".utf8).write(to: secrets)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: secrets.path)

    let settings = try MirrorFile.read(file.path)
    #expect(settings.topic == "daybook.events" && settings.groupsTopic == "daybook.groups")
    #expect(
      settings.shape.text == #"{"format":"protobuf","types":["message_sent","message_recalled","#
        + #""message_edited"],"streams":["group/*"],"redact":"content"}"#)
    // Others may read what has no password in it, and nobody what has.
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: secrets.path)
    let error = #expect(throws: DaybookError.self) { try MirrorFile.read(file.path) }
    #expect(error?.code == .permissionDenied)
  }
}
