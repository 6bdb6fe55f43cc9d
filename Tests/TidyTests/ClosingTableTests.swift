import DaybookModel
import Testing

/// The rows of the section "Closing" of `schemas/wire-protocol.md`.
struct ClosingTable {
  struct Row: Equatable {
    var codes: [String]
    var isConnectedAgain: Bool
  }

  var rows: [Row]

  init(markdown: String) {
    let section = markdown.split(separator: "\n## ").first { $0.hasPrefix("Closing\n") } ?? ""
    rows = section.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|")
      guard cells.count == 3, cells[0].contains("`") else { return nil }
      return Row(
        codes: String(cells[0]).backquoted, isConnectedAgain: cells[2].hasPrefix(" yes"))
    }
  }
}

@Suite("Closing table")
struct ClosingTableTests {
  private func rows() throws -> [ClosingTable.Row] {
    ClosingTable(markdown: try Repository.text("schemas/wire-protocol.md")).rows
  }

  @Test("wire-protocol.md has each code that a session is closed for, once")
  func codes() throws {
    let listed = try rows().flatMap(\.codes)
    #expect(listed.sorted() == ErrorCode.closing.map(\.name).sorted())
  }

  @Test("a client connects again after those that are temporary, and only after them")
  func connectsAgain() throws {
    for row in try rows() {
      for code in row.codes {
        let isTemporary = ErrorCode.closing.first { $0.name == code }?.isTemporary
        #expect(isTemporary == row.isConnectedAgain, "\(code)")
      }
    }
  }

  @Test("rows of that section alone are read")
  func parsing() {
    let page = """
      | `x` | y | yes |
      ## Closing
      | code | when | again |
      |---|---|---|
      | `a`, `b` | c | no; d |
      ## Limits
      | `e` | f | yes |
      """
    #expect(
      ClosingTable(markdown: page).rows == [.init(codes: ["a", "b"], isConnectedAgain: false)])
  }
}
