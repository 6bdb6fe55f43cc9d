import Testing

/// The tables of `schemas/wire-protocol.md`, and the types of `FrameType.swift`, as far as they say
/// the same.
struct FrameTable {
  struct Row: Equatable {
    var number: Int
    /// Quoted in the row: what body a request or push has, and what answers it.
    var messages: [String]
    /// As `(0x110)` behind the reply's message.
    var reply: Int?
  }

  var rows: [Row]

  init(markdown: String) {
    rows = markdown.split(separator: "\n").compactMap { line in
      let cells = line.split(separator: "|", omittingEmptySubsequences: false).dropFirst()
        .map { $0.split(separator: " ").joined(separator: " ") }
      // Drawings have bars too, but not at the margin.
      guard line.hasPrefix("|"), cells.count >= 4, let number = FrameTable.number(cells[0][...])
      else { return nil }
      let quoted = cells[2...].flatMap {
        $0.split(separator: "`", omittingEmptySubsequences: false).enumerated()
          .filter { $0.offset % 2 == 1 }.map { String($0.element) }
      }
      let reply = cells[3].split(separator: "(").last?.prefix { $0 != ")" }
      return Row(
        number: number, messages: quoted.filter { $0.first?.isUppercase ?? false },
        reply: reply.flatMap(FrameTable.number))
    }
  }

  private static func number(_ text: Substring) -> Int? {
    text.hasPrefix("0x") ? Int(text.dropFirst(2), radix: 16) : Int(text)
  }

  /// Numbers that `FrameType.swift` declares, but for the error's, which has no row.
  static func declared(in source: String) -> Set<Int> {
    let parts = source.split(separator: "= FrameType(rawValue: ").dropFirst()
    return Set(parts.compactMap { number($0.prefix { $0 != ")" }) }).subtracting([0x1ff])
  }
}

@Suite("Frame table")
struct FrameTableTests {
  private func rows() throws -> [FrameTable.Row] {
    FrameTable(markdown: try Repository.text("schemas/wire-protocol.md")).rows
  }

  @Test("wire-protocol.md has a row for each type of frame, and only one")
  func types() throws {
    let numbers = try rows().map(\.number)
    let source = try Repository.text("Sources/WireProtocol/FrameType.swift")
    #expect(Set(numbers) == FrameTable.declared(in: source))
    #expect(Set(numbers).count == numbers.count && numbers.count > 40)
  }

  @Test("a reply's type is the request's and 0x100, and no push has one")
  func replies() throws {
    for row in try rows() {
      if let reply = row.reply { #expect(reply == row.number + 0x100, "\(row.number)") }
      #expect(row.number < 0x100 || row.reply == nil)
    }
    // Ack and typing are not answered.
    #expect(try rows().filter { $0.number < 0x100 && $0.reply == nil }.map(\.number) == [17, 22])
  }

  @Test("the messages that it names are those of frame.proto and event.proto")
  func messages() throws {
    let protos = try ["frame", "event"].map {
      try Repository.text("schemas/daybook/v1/\($0).proto")
    }
    let known = Set(
      protos.joined().split(separator: "\n").filter { $0.hasPrefix("message ") }
        .map { String($0.split(separator: " ")[1]) })
    for row in try rows() {
      #expect(!row.messages.isEmpty, "\(row.number)")
      for message in row.messages { #expect(known.contains(message), "\(message)") }
    }
  }

  @Test("a row and a type are read for what they say")
  func parsing() {
    let text = """
      | type | request | body | reply |
      |---|---|---|---|
      | 16 | send | `SendRequest` | `CommandReply` (0x110) |
      | 17 | ack | `AckRequest` | none; an error frame |
      | 0x201 | following | `Following`: past `cursor` |
      """
    let rows = [
      FrameTable.Row(number: 16, messages: ["SendRequest", "CommandReply"], reply: 0x110),
      FrameTable.Row(number: 17, messages: ["AckRequest"], reply: nil),
      FrameTable.Row(number: 0x201, messages: ["Following"], reply: nil),
    ]
    #expect(FrameTable(markdown: text).rows == rows)
    let source = """
      package static let send = FrameType(rawValue: 16)
      package static let error = FrameType(rawValue: 0x1ff)
      package static let closing = FrameType(rawValue: 0x207)
      package var reply: FrameType { FrameType(rawValue: rawValue + 0x100) }
      """
    #expect(FrameTable.declared(in: source) == [16, 0x207])
  }
}
