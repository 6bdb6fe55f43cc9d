import DaybookModel

/// Rows in aligned columns under a heading, for people. Numbers stand to the right.
struct TextTable {
  enum Alignment { case left, right }

  private let headings: [String]
  private let alignments: [Alignment]
  private var rows: [[String]] = []

  init(_ columns: [(String, Alignment)]) {
    headings = columns.map(\.0)
    alignments = columns.map(\.1)
  }

  mutating func add(_ cells: [String]) {
    precondition(cells.count == headings.count)
    rows.append(cells.map(Terminal.safe))
  }

  var lines: [String] {
    let all = [headings] + rows
    let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let cells = row.indices.map { column in
        Terminal.padded(row[column], to: widths[column], alignments[column])
      }
      let line = cells.joined(separator: "  ")
      return String(
        line[..<(line.lastIndex { $0 != " " }.map(line.index(after:)) ?? line.startIndex)])
    }
  }
}

/// Text that a terminal is to show.
enum Terminal {
  /// Control characters are shown, not obeyed: what people wrote to each other must not move the
  /// cursor of who reads it.
  static func safe(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7f }
    if isPlain { return text }
    var shown = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      // The pictures of control characters lie in their order from U+2400 on.
      case 0..<0x20: shown.append(Unicode.Scalar(0x2400 + scalar.value)!)
      case 0x7f: shown.append("\u{2421}")
      case 0x80..<0xa0, 0x202a...0x202e, 0x2066...0x2069: shown.append("\u{fffd}")
      default: shown.append(scalar)
      }
    }
    return String(shown)
  }

  static func padded(_ text: String, to width: Int, _ alignment: TextTable.Alignment) -> String {
    let room = String(repeating: " ", count: max(0, width - text.count))
    return alignment == .left ? text + room : room + text
  }
}
