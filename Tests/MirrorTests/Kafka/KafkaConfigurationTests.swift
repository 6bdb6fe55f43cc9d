import DaybookModel
import Foundation
import Logging
import Testing

@testable import Mirror

@Suite("Kafka's configuration")
struct KafkaConfigurationTests {
  private typealias Property = KafkaConfiguration.Property

  private func refusal(_ properties: Property...) -> DaybookError? {
    do {
      _ = try KafkaConfiguration(brokers: "h:1", properties: properties)
      return nil
    } catch {
      return error
    }
  }

  @Test(
    "what exactly-once rests on is the mirror's own to say",
    arguments: [
      "bootstrap.servers", "transactional.id", "enable.idempotence", "acks", "isolation.level",
      "enable.partition.eof", "group.id", "allow.auto.create.topics",
    ])
  func own(name: String) {
    #expect(refusal(Property(name, "x"))?.code == .invalidArgument)
    #expect(refusal(Property(name, "x"))?.message.contains(name) == true)
  }

  @Test("a property that there isn't is refused, and one with a value that it can't have")
  func unknown() {
    #expect(refusal(Property("linger.mss", "1"))?.message.contains("linger.mss") == true)
    #expect(refusal(Property("linger.ms", "often"))?.code == .invalidArgument)
    #expect(refusal(Property("linger.ms", "5"), Property("compression.type", "lz4")) == nil)
  }

  @Test("what is said of a property that holds a password never has the password in it")
  func secret() {
    let error = refusal(
      Property("ssl.key.pem", "-----hunter2-----"), Property("sasl.mechanism", "??"))
    #expect(error.map { !"\($0)".contains("hunter2") } ?? true)
    for name in KafkaConfiguration.secrets { #expect(Property(name, "x").isSecret, "\(name)") }
    #expect(!Property("sasl.username", "x").isSecret)
    let secrets = KafkaSecrets(["hunter2hunter2", "ab"])
    #expect(secrets.hidden(in: "password=hunter2hunter2 abc") == "password=*** abc")
  }

  @Test(
    "a property is written NAME=VALUE, and a value may have anything in it",
    arguments: [
      ("a.b=c", "a.b", "c"), ("a.b = c=d ", "a.b", "c=d "), ("a.b=", "a.b", ""),
      ("sasl.jaas=x \"y\";", "sasl.jaas", "x \"y\";"),
    ])
  func parsed(text: String, name: String, value: String) throws {
    #expect(try Property(parsing: text) == Property(name, value))
  }

  @Test("what is none is refused", arguments: ["", "a.b", "=c"])
  func notParsed(text: String) {
    #expect(throws: DaybookError.self) { try Property(parsing: text) }
  }

  private func file(_ text: String, mode: Int = 0o600) throws -> String {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent(
      "kafka-\(UUID().uuidString).properties"
    ).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    return path
  }

  @Test("a file has a property a line, and lines for people")
  func properties() throws {
    let path = try file("# Kafka\r\nsasl.username = me\r\n\n  sasl.password=a b#c\n")
    #expect(
      try KafkaPropertiesFile.read(path) == [
        Property("sasl.username", "me"), Property("sasl.password", "a b#c"),
      ])
  }

  @Test("a file that others can read may have no password in it")
  func others() throws {
    let open = try file("sasl.username=me\n", mode: 0o644)
    #expect(try KafkaPropertiesFile.read(open).count == 1)
    let shown = try file("sasl.password=me\n", mode: 0o640)
    let error = #expect(throws: DaybookError.self) { try KafkaPropertiesFile.read(shown) }
    #expect(error?.code == .permissionDenied)
  }

  @Test("a line that is none is told by its number, and not shown: it may be a password")
  func line() throws {
    let path = try file("sasl.username=me\nhunter2\n")
    let error = #expect(throws: DaybookError.self) { try KafkaPropertiesFile.read(path) }
    #expect(
      error?.message.contains("line 2") == true && error?.message.contains("hunter2") == false)
  }

  @Test(
    "names of topics are Kafka's",
    arguments: [
      ("daybook.events", true), ("a_b-C9", true), ("", false), (".", false), ("..", false),
      ("a b", false), ("a/b", false), ("ä", false), (String(repeating: "a", count: 249), true),
      (String(repeating: "a", count: 250), false),
    ])
  func topics(name: String, isOne: Bool) { #expect(MirrorSettings.isTopicName(name) == isOne) }
}
