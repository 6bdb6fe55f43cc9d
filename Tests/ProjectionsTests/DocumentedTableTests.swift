import Doubles
import Foundation
import Testing

@testable import Projections

@Suite("what schemas/data-folder.md says of the read models")
struct DocumentedTableTests {
  /// The rows below each `### name`.
  private static func documented() throws -> [String: Set<String>] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: folder.appending(path: "schemas/data-folder.md"), encoding: .utf8)
    var found: [String: Set<String>] = [:]
    var name = ""
    for line in text.split(separator: "\n") {
      if line.hasPrefix("### ") {
        name = String(line.dropFirst(4))
      } else if !name.isEmpty, line.hasPrefix("| `") {
        // Without the sentence at its end.
        let cells = line.split(separator: "|").dropLast()
        found[name, default: []].insert(cells.joined(separator: "|"))
      }
    }
    return found
  }

  private static func row(_ layout: TableLayout) -> String {
    func list(_ columns: [String]) -> String {
      columns.isEmpty ? "–" : columns.map { "`\($0)`" }.joined(separator: ", ")
    }
    return " `\(layout.name)` | \(list(layout.keys)) | \(list(layout.values)) "
  }

  @Test("every table with its columns, and no other")
  func tables() throws {
    let documented = try DocumentedTableTests.documented()
    #expect(Set(documented.keys) == Set(ProjectionName.allCases.map(\.rawValue)))
    for name in ProjectionName.allCases {
      let tables = name.makeProjector(log: MemoryLog(partitions: 1)).tables
      #expect(
        documented[name.rawValue] == Set(tables.map { DocumentedTableTests.row($0.layout) }))
    }
  }
}
