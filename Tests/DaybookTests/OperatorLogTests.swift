import DaybookModel
import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Daybook

@Suite("the operator's log")
struct OperatorLogTests {
  private let written = NIOLockedValueBox<[String]>([])

  private func logger(
    _ level: Logger.Level, _ format: OperatorLog.Format = .plain
  ) -> Logger {
    let written = written
    return Logger(label: "daybook") { _ in
      var handler = OperatorLog.Handler(format) { line in
        written.withLockedValue { $0.append(line) }
      }
      handler.logLevel = level
      return handler
    }
  }

  private var lines: [String] { written.withLockedValue { $0 } }

  @Test("of a server, a line has time, level, message and facts, values with spaces in quotes")
  func text() throws {
    let logger = logger(.info, .text)
    logger.warning("it\nbroke", metadata: ["b": "two words", "a": "1", "c": "say \"x\""])
    logger.info("stopped")
    let time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/
    let rest = try lines.map { line in
      String(line[try #require(line.prefixMatch(of: time)).range.upperBound...])
    }
    #expect(
      rest == [
        #" warning  it broke  a=1 b="two words" c="say \"x\"""#, " info     stopped",
      ])
  }

  @Test("of other commands it is the message behind the program's name, whatever the level")
  func plain() {
    let logger = logger(.info)
    logger.info("stopped")
    logger.error("partition 3 can log nothing", metadata: ["partition": "3"])
    #expect(lines == ["daybook: stopped", "daybook: partition 3 can log nothing"])
  }

  @Test("what is below the level is not written, and who asks for details has the metadata")
  func levels() {
    logger(.warning).notice("one")
    var detailed = logger(.debug)
    detailed[metadataKey: "b"] = "of the logger"
    detailed.debug("two", metadata: ["a": "1"])
    detailed.info("three", metadata: ["a": "1"])
    #expect(lines == ["daybook: two (a=1, b=of the logger)", "daybook: three"])
  }

  @Test("a message is one line, and moves no terminal's cursor")
  func oneLine() {
    logger(.info).info("what\nwas sent: \u{1b}[2J")
    #expect(lines == ["daybook: what was sent: \u{241b}[2J"])
  }

  @Test("json has time, level, module, message and metadata, in one line")
  func json() throws {
    var logger = logger(.info, .json)
    logger[metadataKey: "partition"] = "3"
    logger.warning("a \"quoted\"\nword", metadata: ["code": "storage_full"])
    let line = try #require(lines.first)
    #expect(!line.contains("\n"))
    let parsed = try #require(
      try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(parsed["level"] as? String == "warning")
    #expect(parsed["module"] as? String == "DaybookTests")
    #expect(parsed["message"] as? String == "a \"quoted\"\nword")
    #expect(
      parsed["metadata"] as? [String: String] == ["partition": "3", "code": "storage_full"])
    let time = try #require(parsed["time"] as? String)
    #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
  }

  @Test("a logger that is changed leaves the others as they were")
  func values() {
    let first = logger(.info)
    var second = first
    second.logLevel = .error
    second[metadataKey: "only-on"] = "second"
    #expect(first.logLevel == .info && first[metadataKey: "only-on"] == nil)
  }
}
