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

  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
    "mirror-\(UUID().uuidString)")

  private func write(_ text: String, _ name: String, mode: Int = 0o600) throws -> String {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = folder.appendingPathComponent(name).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  private func refusal(_ text: String, mode: Int = 0o600) throws -> DaybookError? {
    let path = try write(text, "kafka.yaml", mode: mode)
    do throws(DaybookError) {
      _ = try MirrorFile.read(path)
      return nil
    } catch {
      return error
    }
  }

  @Test("what is left out is as usual")
  func usual() throws {
    let settings = try MirrorFile.read(try write("brokers: h:1\n", "kafka.yaml"))
    #expect(settings.shape == RecordShape() && settings.begins == .everywhere)
    let other = try MirrorFile.read(
      try write(
        "brokers: h:1\ntopic: t\ngroups_topic: none\nfrom: head\nat_least_once: true\n",
        "kafka.yaml"))
    #expect(other.groupsTopic == nil && other.begins == .atHead && other.isAtLeastOnce)
  }

  @Test(
    "what makes no sense is refused, and what it is about is named",
    arguments: [
      ("topic: t\n", "brokers"), ("brokers: h:1\nbroker: x\n", "broker"),
      ("brokers: h:1\nproducers: many\n", "producers"),
      ("brokers: h:1\nproducers: 0\n", "producers"),
      ("brokers: h:1\nformat: xml\n", "xml"), ("brokers: h:1\ntopic: a/b\n", "a/b"),
      ("brokers: h:1\nfrom: never\n", "never"), ("brokers: h:1\ntypes: [no_such]\n", "no_such"),
      ("brokers: h:1\nconfig:\n  acks: 0\n", "acks"), (": : :\n", "YAML"),
      ("brokers: h:1\nconfig_file: nowhere\n", "nowhere"),
    ])
  func refused(text: String, name: String) throws {
    let error = try refusal(text)
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains(name) == true, "\(error?.message ?? "")")
  }

  @Test("a password may stand in it only if nobody else can read it")
  func passwords() throws {
    let text = "brokers: h:1\nconfig:\n  sasl.password: hunter2\n"
    #expect(try refusal(text) == nil)
    let error = try refusal(text, mode: 0o644)
    #expect(error?.code == .permissionDenied && error?.message.contains("hunter2") == false)
  }
}
