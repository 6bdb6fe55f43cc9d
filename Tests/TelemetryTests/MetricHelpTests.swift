import Foundation
import Testing

@testable import Telemetry

@Suite("what metrics say of themselves") struct MetricHelpTests {
  @Test("is what metrics.md says of them")
  func table() throws {
    let root = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let page = try String(contentsOf: root.appending(path: "schemas/metrics.md"), encoding: .utf8)
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

  /// Without what is Markdown's: quotes of code, and where links lead.
  private static func plain(_ text: String) -> String {
    text.replacing(/\[([^\]]*)\]\([^)]*\)/) { String($0.1) }.replacing("`", with: "")
  }
}
