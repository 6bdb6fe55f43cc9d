import DaybookModel
import Foundation
import Logging
import Ports
import Testing

@testable import Daybook

@Suite("what a server is told by a file") struct ServeSettingsTests {
  private func read(_ text: String) throws -> ServeSettings {
    let path = FileManager.default.temporaryDirectory.appending(
      path: "daybook-settings-\(UUID()).yaml"
    ).path
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(atPath: path) }
    return try ServeSettings.read(path)
  }

  @Test("is the log's level and limits; what it does not name is as without a file")
  func whole() throws {
    #expect(try read("{}") == ServeSettings())
    let settings = try read(
      """
      log_level: debug
      devices: class
      limits:
        connects_per_address: { per_second: 5, burst: 50 }
        failed_tokens_per_address: { per_second: 0, burst: 1 }
        bytes_per_connection: { per_second: 65536, burst: 1048576 }
      """)
    #expect(settings.logLevel == .debug)
    #expect(settings.rates.connectsPerAddress == Rate(perSecond: 5, burst: 50))
    #expect(settings.rates.failedTokensPerAddress == nil)
    #expect(settings.rates.bytesPerConnection == Rate(perSecond: 65_536, burst: 1_048_576))
    #expect(settings.rates.sendsPerUser == nil)
    #expect(settings.devices == .oneOfEachClass)
    #expect(
      settings.changes(from: ServeSettings()) == [
        "log_level is debug", "bytes_per_connection is 65536.0 a second, 1048576.0 at once",
        "connects_per_address is 5.0 a second, 50.0 at once",
        "failed_tokens_per_address is not limited",
        "devices is class, for who connects from now on",
      ])
    #expect(settings.changes(from: settings).isEmpty)
  }

  @Test(
    "what makes no sense is refused, and it says where",
    arguments: [
      ("log_level: loud", "not 'loud'"),
      ("devices: two", "devices is one of any, class, one, not 'two'"),
      ("colour: red", "there is no 'colour'"),
      ("limits: { sends: { per_second: 1, burst: 1 } }", "there is no limit 'sends'"),
      ("limits: { sends_per_user: { per_second: -1, burst: 1 } }", "limits.sends_per_user"),
      ("limits: { sends_per_user: { per_second: 1, burst: 0 } }", "limits.sends_per_user"),
      ("limits: { sends_per_user: { per_second: 1 } }", "burst"),
      ("limits: 7", "limits"), ("[", "no YAML"),
    ])
  func faults(text: String, says: String) throws {
    let error = #expect(throws: DaybookError.self) { try read(text) }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
  }

  @Test("a file that is not there is said")
  func missing() throws {
    let error = #expect(throws: DaybookError.self) {
      try ServeSettings.read("/nowhere/settings.yaml")
    }
    #expect(error?.message.hasPrefix("can't read /nowhere/settings.yaml") == true)
  }
}
