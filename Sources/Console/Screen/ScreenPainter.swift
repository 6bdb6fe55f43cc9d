/// What a terminal shows below where it was when this began: lines, and under them the one that is
/// being edited. Gives the bytes that change it. Lines scroll away as in any program, so that the
/// terminal's own scrollback has them.
///
///     … lines that have scrolled away
///     line                          <- `above` rows of ours are surely on the screen
///     line, which may be changed
///     prompt> what is being edit    <- the edited rows; the cursor is in one of them
///
/// Rows end a cell before the screen does: behind a row that fills the screen, terminals differ in
/// where the cursor is.
struct ScreenPainter {
  /// Lines that are known well enough to be changed, or painted again.
  static let linesMax = 500

  private struct Painted {
    var id: Int?
    var line: ScreenLine
    var rows: [String]
  }

  private var width: Int
  private var height: Int
  private let hasColour: Bool
  private var painted: [Painted] = []
  private var above = 0
  private var edited = EditedRows(prompt: "", text: EditedText(), width: 80)
  private var isEditing = false

  init(width: Int, height: Int, hasColour: Bool) {
    self.width = max(2, width)
    self.height = max(2, height)
    self.hasColour = hasColour
  }

  private var rowWidth: Int { width - 1 }

  // MARK: what is done

  /// Shows lines above the edited one. Those with an id can be changed.
  mutating func add(_ lines: [(id: Int?, line: ScreenLine)]) -> String {
    var output = erased()
    for (id, line) in lines {
      let rows = TextRows.wrapped(line.text, width: rowWidth)
      painted.append(Painted(id: id, line: line, rows: rows))
      output += bytes(of: rows, line)
      above += rows.count
    }
    if painted.count > ScreenPainter.linesMax {
      painted.removeFirst(painted.count - ScreenPainter.linesMax)
    }
    return output + drawn()
  }

  /// Changes a line in its place; one that has scrolled away stays as it was.
  mutating func change(_ id: Int, to line: ScreenLine) -> String {
    guard let at = painted.lastIndex(where: { $0.id == id }) else { return "" }
    let before = painted[at].rows
    painted[at].line = line
    painted[at].rows = TextRows.wrapped(line.text, width: rowWidth)
    let distance = painted[at...].reduce(before.count - painted[at].rows.count) {
      $0 + $1.rows.count
    }
    guard distance <= above else { return "" }
    if before.count == painted[at].rows.count {
      return changed(painted[at], distance: distance)
    }
    // What stands below moves.
    var output = "\r" + up(edited.cursorRow + distance) + "\u{1b}[J"
    above -= distance
    for one in painted[at...] {
      output += bytes(of: one.rows, one.line)
      above += one.rows.count
    }
    return output + drawn()
  }

  private func changed(_ one: Painted, distance: Int) -> String {
    var output = "\r" + up(edited.cursorRow + distance)
    for row in one.rows { output += "\u{1b}[2K" + coloured(row, one.line) + "\r\n" }
    output += down(distance - one.rows.count + edited.cursorRow) + column(edited.cursorColumn)
    return output
  }

  /// Draws the edited line, from now on until `leave`.
  mutating func edit(prompt: String, _ text: EditedText) -> String {
    let next = layout(prompt, text)
    if isEditing, next.rows == edited.rows {
      // Only the cursor moves.
      let rows = next.cursorRow - edited.cursorRow
      edited = next
      return "\r" + (rows < 0 ? up(-rows) : down(rows)) + column(next.cursorColumn)
    }
    let output = erased()
    edited = next
    isEditing = true
    return output + drawn()
  }

  /// Takes the edited line off the screen.
  mutating func leave() -> String {
    defer { isEditing = false }
    return erased()
  }

  /// Paints the screen anew: what of the last lines there is room for.
  mutating func repaint(prompt: String, _ text: EditedText) -> String {
    edited = layout(prompt, text)
    let room = height - edited.rows.count
    var first = painted.endIndex
    above = 0
    while first > 0, above + painted[first - 1].rows.count <= room {
      first -= 1
      above += painted[first].rows.count
    }
    var output = "\u{1b}[H\u{1b}[2J"
    for one in painted[first...] { output += bytes(of: one.rows, one.line) }
    isEditing = true
    return output + drawn()
  }

  /// The terminal has another size: how it has moved what it showed, terminals differ in.
  mutating func resize(width: Int, height: Int, prompt: String, _ text: EditedText) -> String {
    self.width = max(2, width)
    self.height = max(2, height)
    for at in painted.indices {
      painted[at].rows = TextRows.wrapped(painted[at].line.text, width: rowWidth)
    }
    return repaint(prompt: prompt, text)
  }

  /// Others have written on the terminal: nothing that was shown is known to be there.
  mutating func forget(width: Int, height: Int) {
    self.width = max(2, width)
    self.height = max(2, height)
    painted = []
    above = 0
    isEditing = false
  }

  /// An empty screen. What scrolled away before is no longer changed.
  mutating func clear(prompt: String, _ text: EditedText) -> String {
    painted = []
    return repaint(prompt: prompt, text)
  }

  private func layout(_ prompt: String, _ text: EditedText) -> EditedRows {
    var rows = EditedRows(prompt: prompt, text: text, width: rowWidth)
    rows.clip(to: height - 1)
    return rows
  }

  // MARK: bytes

  /// To the begin of the edited rows, with nothing from there on.
  private func erased() -> String {
    isEditing ? "\r" + up(edited.cursorRow) + "\u{1b}[J" : ""
  }

  /// The edited rows, from where the cursor is.
  private mutating func drawn() -> String {
    guard isEditing else {
      above = min(above, height - 1)
      return ""
    }
    above = min(above, height - edited.rows.count)
    return edited.rows.joined(separator: "\r\n") + "\r"
      + up(edited.rows.count - 1 - edited.cursorRow) + column(edited.cursorColumn)
  }

  private func bytes(of rows: [String], _ line: ScreenLine) -> String {
    rows.reduce(into: "") { $0 += coloured($1, line) + "\r\n" }
  }

  private func coloured(_ row: String, _ line: ScreenLine) -> String {
    guard hasColour, let colour = line.colour else { return row }
    return "\u{1b}[\(colour)m\(row)\u{1b}[m"
  }

  private func up(_ rows: Int) -> String { rows > 0 ? "\u{1b}[\(rows)A" : "" }
  private func down(_ rows: Int) -> String { rows > 0 ? "\u{1b}[\(rows)B" : "" }
  private func column(_ cells: Int) -> String { cells > 0 ? "\u{1b}[\(cells)C" : "" }
}
