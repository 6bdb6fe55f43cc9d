import Foundation

/// `schemas/permissions.md` of the checkout that these tests were built from: one table a heading.
struct PermissionTable {
  var title: String
  var columns: [String]
  var rows: [(label: String, cells: [String])]

  static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  static let everythingElse = "everything else"

  /// Nil where a table doesn't say.
  func cells(of label: String) -> [String]? {
    let row = rows.first { $0.label == label } ?? rows.first { $0.label == Self.everythingElse }
    return row?.cells
  }

  /// Tables whose first column is `command`.
  static func all() throws -> [PermissionTable] {
    var tables: [PermissionTable] = []
    var title = ""
    for line in try text("schemas/permissions.md").split(separator: "\n") {
      if line.hasPrefix("#") {
        title = line.drop { $0 == "#" || $0 == " " }.description
      } else if line.hasPrefix("|") {
        let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
        if cells[0] == "command" {
          tables.append(
            PermissionTable(title: title, columns: Array(cells.dropFirst()), rows: []))
        } else if !cells[0].hasPrefix("---"), tables.last?.title == title {
          tables[tables.count - 1].rows.append((cells[0], Array(cells.dropFirst())))
        }
      }
    }
    return tables
  }

  /// The cases of `Command.Body`, as the source has them.
  static func commands() throws -> [String] {
    let source = try text("Sources/Ports/Commands.swift")
    guard let begin = source.range(of: "package enum Body"),
      let end = source.range(of: "\n  }", range: begin.upperBound..<source.endIndex)
    else { return [] }
    return source[begin.upperBound..<end.lowerBound].split(separator: "\n").compactMap { line in
      let line = line.trimmingCharacters(in: .whitespaces)
      guard line.hasPrefix("case ") else { return nil }
      return String(line.dropFirst(5).prefix { $0.isLetter })
    }
  }
}
