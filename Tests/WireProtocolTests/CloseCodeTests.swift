import DaybookModel
import Foundation
import Testing
import WireProtocol

@Suite("close codes")
struct CloseCodeTests {
  @Test("each error that a session is closed for has its own, in the range of its kind")
  func ranges() {
    for error in ErrorCode.closing { #expect(CloseCode.errors.contains(error), "\(error)") }
    var seen: Set<UInt16> = []
    for error in ErrorCode.all {
      let code = CloseCode.of(error)
      #expect((error.isTemporary ? CloseCode.temporary : CloseCode.final).contains(code))
      guard CloseCode.errors.contains(error) else {
        #expect(code == (error.isTemporary ? 4000 : 4100), "\(error)")
        continue
      }
      #expect(seen.insert(code).inserted && code % 100 != 0, "\(error)")
    }
  }

  @Test("wire-protocol.md has the same table")
  func table() throws {
    let page = try WireProtocolPage.text()
    let section = try #require(page.components(separatedBy: "\n### Close codes\n").last)
    let rows = section.components(separatedBy: "\n#")[0].split(separator: "\n").compactMap {
      line -> String? in
      let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
      guard cells.count == 2, let code = Int(cells[1]) else { return nil }
      return "\(code) \(cells[0].filter { $0 != "`" })"
    }
    let own = CloseCode.errors.map { "\(CloseCode.of($0)) \($0.name)" }
    #expect(rows.sorted() == (own + ["4000 others", "4100 others"]).sorted())
  }
}

enum WireProtocolPage {
  static func text() throws -> String {
    try file("wire-protocol.md")
  }

  static func file(_ name: String) throws -> String {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return try String(contentsOf: folder.appending(path: "../../schemas/\(name)"), encoding: .utf8)
  }
}
