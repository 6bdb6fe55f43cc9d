import DaybookModel

/// Rows in aligned columns under a heading, for people. Numbers stand to the right.
struct TextTable {
  typealias Alignment = Terminal.Alignment

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
    let widths = headings.indices.map { column in
      all.map { DisplayWidth.of($0[column]) }.max() ?? 0
    }
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
