import DaybookModel
import Mirror
import Testing

/// The tables of `schemas/kafka.md`.
@Suite("The page on Kafka")
struct RecordTypeTableTests {
  /// Cells of the lines of a table whose first line begins so.
  private func rows(below heading: String) throws -> [[String]] {
    let lines = try Repository.text("schemas/kafka.md").split(
      separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0.hasPrefix(heading) })
    return lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map { line in
      line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
        .map { $0.split(separator: " ").joined(separator: " ") }
    }
  }

  @Test("the table of types has a row for each event of events.md, and names it as records do")
  func types() throws {
    let rows = try rows(below: "| no. | event | `ce_type` |")
    let events = EventTable(markdown: try Repository.text("schemas/events.md")).rows
    #expect(rows.map { $0[0] } == events.map { "\($0.number)" })
    #expect(rows.map { $0[1] } == events.map { "`\($0.name)`" })
    #expect(rows.map { $0[2] } == EventKind.allCases.map { "`\(RecordType.name(of: $0))`" })
    // A name that two kinds had would tell neither.
    #expect(Set(rows.map { $0[2] }).count == rows.count)
  }

  @Test("the table of headers has those that records have, in their order")
  func headers() throws {
    let rows = try rows(below: "| header | value |")
    #expect(rows.map { $0[0] } == RecordHeader.allCases.map { "`\($0.name)`" })
  }

  @Test("the table of causes has those that verify names")
  func causes() throws {
    let rows = try rows(below: "| cause | what is there |")
    #expect(rows.map { $0[0] } == TopicDifference.Cause.allCases.map { "`\($0.rawValue)`" })
  }
}
