import DaybookModel

/// Text laid out in rows of a width, in cells.
enum TextRows {
  /// Rows after the first begin with so many spaces.
  static let indent = 4

  /// Breaks at spaces where there are some, and within words that are longer than a row.
  static func wrapped(_ text: String, width: Int) -> [String] {
    let indent = width > 5 * TextRows.indent ? TextRows.indent : 0
    var rows: [String] = []
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      wrap(line, width: max(2, width), indent: indent, into: &rows)
    }
    return rows
  }

  private static func wrap(
    _ line: Substring, width: Int, indent: Int, into rows: inout [String]
  ) {
    var row = Row(isFirst: rows.isEmpty, indent: indent)
    for character in line {
      let shown = TextRows.shown(character)
      let cells = DisplayWidth.of(shown)
      var isFull = row.cells + cells > width && !row.isEmpty
      // A space that doesn't fit is the break itself.
      if isFull, character == " " {
        rows.append(row.text)
        row = Row(isFirst: false, indent: indent)
        continue
      }
      while isFull {
        let (done, rest) = row.broken()
        rows.append(done)
        row = Row(isFirst: false, indent: indent)
        for character in rest { row.append(String(character), DisplayWidth.of(character)) }
        isFull = row.cells + cells > width && !row.isEmpty
      }
      row.append(shown, cells)
    }
    rows.append(row.text)
  }

  private struct Row {
    private(set) var text: String
    private(set) var cells: Int
    private let start: Int

    init(isFirst: Bool, indent: Int) {
      text = String(repeating: " ", count: isFirst ? 0 : indent)
      cells = text.count
      start = cells
    }

    var isEmpty: Bool { cells == start }

    mutating func append(_ shown: String, _ cells: Int) {
      text += shown
      self.cells += cells
    }

    /// Up to its last space, and the word behind it; whole if it has none, or begins with it.
    func broken() -> (done: String, rest: Substring) {
      let body = text.dropFirst(start)
      guard let space = body.lastIndex(of: " "), space != body.startIndex else {
        return (text, "")
      }
      return (String(text[..<space]), body[body.index(after: space)...])
    }
  }

  /// Control characters as pictures, tabs as spaces.
  static func shown(_ character: Character) -> String {
    character == "\t" ? "    " : Terminal.safe(String(character))
  }
}

/// A line being edited, laid out behind its prompt.
struct EditedRows: Equatable {
  private(set) var rows: [String] = [""]
  private(set) var cursorRow = 0
  private(set) var cursorColumn = 0

  init(prompt: String, text: EditedText, width: Int) {
    var cells = 0
    func room(for needed: Int, in rows: inout [String]) {
      if cells + needed > max(2, width), cells > 0 {
        rows.append("")
        cells = 0
      }
    }
    let prompt = EditedRows.shortened(prompt, to: max(2, width) / 2)
    rows[0] = prompt
    cells = DisplayWidth.of(prompt)
    for (index, character) in text.characters.enumerated() {
      let isLineEnd = character == "\n"
      let shown = isLineEnd ? "" : TextRows.shown(character)
      if !isLineEnd { room(for: DisplayWidth.of(shown), in: &rows) }
      if index == text.cursor {
        cursorRow = rows.count - 1
        cursorColumn = cells
      }
      rows[rows.count - 1] += shown
      cells += DisplayWidth.of(shown)
      if isLineEnd {
        rows.append("")
        cells = 0
      }
    }
    if text.cursor == text.characters.count {
      cursorRow = rows.count - 1
      cursorColumn = cells
    }
  }

  /// Its end says most: the conversation.
  private static func shortened(_ prompt: String, to width: Int) -> String {
    var shown = Substring(prompt)
    while DisplayWidth.of(shown) > width { shown = shown.dropFirst() }
    return String(shown)
  }

  /// At most so many rows, among them the one with the cursor.
  mutating func clip(to count: Int) {
    guard rows.count > count else { return }
    let first = min(max(0, cursorRow - count + 1), rows.count - count)
    rows = Array(rows[first..<first + count])
    cursorRow -= first
  }
}
