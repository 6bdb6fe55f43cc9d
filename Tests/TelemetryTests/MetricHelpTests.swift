import Foundation
import Testing

@testable import Telemetry

@Suite("what metrics say of themselves") struct MetricHelpTests {
  @Test("is what metrics.md says of them")
  func table() throws {
    let page = try Self.page()
    var told: [String: String] = [:]
    for line in page.split(separator: "\n") where line.hasPrefix("| `daybook_") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let name = cells[0].trimmingCharacters(in: ["`"])
      let unit = cells[2].prefix(1).uppercased() + cells[2].dropFirst()
      told[name] = "\(unit): \(Self.plain(cells[4]))."
    }
    #expect(told.count > 40)
    for (name, text) in told { #expect(MetricHelp.texts[name] == text, "\(name)") }
    for name in MetricHelp.texts.keys where name.hasPrefix("daybook_") {
      #expect(told[name] != nil, "\(name) has no row")
    }
  }

  /// As the OpenTelemetry specification has it ("Prometheus and OpenMetrics Compatibility").
  @Test("each name in OpenTelemetry becomes the name here by the rule for that")
  func openTelemetry() throws {
    var seen = 0
    for line in try Self.page().split(separator: "\n") where line.hasPrefix("| `daybook_") {
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      let other = try #require(cells.last?.split(separator: "`"))
      try #require(other.count == 3 && cells.count == 6, "\(line)")
      let (name, unit) = (String(other[0]), String(other[2]))
      var expected = name.replacing(".", with: "_")
      switch unit {
      case "s": expected += "_seconds"
      case "By": expected += "_bytes"
      default: #expect(unit.wholeMatch(of: /\{[a-z_]+\}/) != nil, "\(line)")
      }
      if cells[1] == "counter" { expected += "_total" }
      #expect("`\(expected)`" == cells[0])
      // Lower-case words between points, at least two of them behind the first.
      #expect(name.wholeMatch(of: /daybook(\.[a-z][a-z_]*){2,}/) != nil, "\(name)")
      seen += 1
    }
    #expect(seen > 40)
  }

  private static func page() throws -> String {
    let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    return try String(contentsOf: root.appending(path: "schemas/metrics.md"), encoding: .utf8)
  }

  /// Without what is Markdown's: quotes of code, and where links lead.
  private static func plain(_ text: String) -> String {
    text.replacing(/\[([^\]]*)\]\([^)]*\)/) { String($0.1) }.replacing("`", with: "")
  }
}
