import DaybookModel

/// A terminal's screen as cells: what a person sees of the bytes that a program writes. It knows
/// those control sequences that programs here use, and names all others.
package struct TerminalEmulator {
  private struct Cell: Equatable {
    /// Empty right of a wide character.
    var text = " "
  }

  private enum State: Equatable {
    case ground
    case escape
    case control(String)
    /// After ESC ], until BEL.
    case command(String)
  }

  package private(set) var width: Int
  package private(set) var height: Int
  private var cells: [[Cell]]
  package private(set) var row = 0
  package private(set) var column = 0
  /// A character stands in the last cell, and the next one goes into the next row.
  private var isWrapping = false
  private var state = State.ground
  private var pending: [UInt8] = []

  /// Rows that left the screen at its top, oldest first.
  package private(set) var scrolledAway: [String] = []
  package private(set) var bells = 0
  package private(set) var title = ""
  /// Private modes that are on: `2004` is bracketed paste.
  package private(set) var modes: Set<String> = []
  /// Sequences that this terminal doesn't know.
  package private(set) var unknown: [String] = []

  package init(width: Int, height: Int) {
    self.width = width
    self.height = height
    cells = Array(repeating: Array(repeating: Cell(), count: width), count: height)
  }

  /// Without spaces at their ends.
  package var rows: [String] { cells.map(TerminalEmulator.text) }

  /// All that was ever shown and not taken away again, without empty rows.
  package var lines: [String] { (scrolledAway + rows).filter { !$0.isEmpty } }

  /// Rows above the cursor are pushed out where the screen gets lower; nothing flows anew.
  package mutating func resize(width: Int, height: Int) {
    while row >= height {
      scroll()
      row -= 1
    }
    cells = (0..<height).map { at in
      let old = at < cells.count ? cells[at].prefix(width) : []
      return old + Array(repeating: Cell(), count: width - old.count)
    }
    self.width = width
    self.height = height
    column = min(column, width - 1)
    isWrapping = false
  }

  package mutating func take(_ text: String) { take(text.utf8) }

  package mutating func take(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    // A character's bytes may come in pieces.
    var whole = pending.count
    if let lead = pending.lastIndex(where: { $0 & 0xc0 != 0x80 }), pending[lead] >= 0xc0 {
      let length = pending[lead] >= 0xf0 ? 4 : pending[lead] >= 0xe0 ? 3 : 2
      if pending.count - lead < length { whole = lead }
    }
    for scalar in String(decoding: pending[..<whole], as: UTF8.self).unicodeScalars {
      take(scalar)
    }
    pending.removeFirst(whole)
  }

  private mutating func take(_ scalar: Unicode.Scalar) {
    switch state {
    case .ground: takeGround(scalar)
    case .escape:
      switch scalar {
      case "[": state = .control("")
      case "]": state = .command("")
      default:
        unknown.append("ESC \(scalar)")
        state = .ground
      }
    case .control(let sequence):
      if (0x40..<0x7f).contains(scalar.value) {
        state = .ground
        obey(sequence, scalar)
      } else {
        state = .control(sequence + String(scalar))
      }
    case .command(let text):
      if scalar == "\u{7}" {
        state = .ground
        if text.hasPrefix("2;") { title = String(text.dropFirst(2)) }
      } else {
        state = .command(text + String(scalar))
      }
    }
  }

  private mutating func takeGround(_ scalar: Unicode.Scalar) {
    switch scalar {
    case "\u{1b}": state = .escape
    case "\r":
      column = 0
      isWrapping = false
    case "\n":
      isWrapping = false
      lineFeed()
    case "\u{8}": column = max(0, column - 1)
    case "\u{7}": bells += 1
    default:
      if scalar.value < 0x20 || scalar.value == 0x7f {
        unknown.append("control \(scalar.value)")
      } else {
        put(scalar)
      }
    }
  }

  private mutating func lineFeed() {
    if row == height - 1 { scroll() } else { row += 1 }
  }

  private mutating func scroll() {
    scrolledAway.append(TerminalEmulator.text(cells.removeFirst()))
    cells.append(Array(repeating: Cell(), count: width))
  }

  /// Accents and parts of emoji join the character before them.
  private mutating func put(_ scalar: Unicode.Scalar) {
    if let last = lastWritten {
      let joined = cells[last.row][last.column].text + String(scalar)
      if joined.count == 1, !cells[last.row][last.column].text.isEmpty {
        cells[last.row][last.column].text = joined
        column = min(width - 1, last.column + DisplayWidth.of(joined))
        return
      }
    }
    let cellCount = max(1, DisplayWidth.of(String(scalar)))
    if isWrapping || column + cellCount > width {
      column = 0
      isWrapping = false
      lineFeed()
    }
    cells[row][column].text = String(scalar)
    if cellCount == 2 { cells[row][column + 1].text = "" }
    isWrapping = column + cellCount >= width
    column = min(width - 1, column + cellCount)
  }

  /// Where the character left of the cursor begins.
  private var lastWritten: (row: Int, column: Int)? {
    var at = isWrapping ? column : column - 1
    while at > 0, cells[row][at].text.isEmpty { at -= 1 }
    return at >= 0 ? (row, at) : nil
  }

  private mutating func obey(_ parameters: String, _ final: Unicode.Scalar) {
    isWrapping = false
    let number = Int(parameters.split(separator: ";").first ?? "") ?? 1
    switch final {
    case "A": row = max(0, row - number)
    case "B": row = min(height - 1, row + number)
    case "C": column = min(width - 1, column + number)
    case "D": column = max(0, column - number)
    case "H" where parameters.isEmpty: (row, column) = (0, 0)
    case "J" where parameters.isEmpty:
      erase(row, from: column)
      for below in row + 1..<max(row + 1, height) { erase(below, from: 0) }
    case "J" where parameters == "2": for at in 0..<height { erase(at, from: 0) }
    case "K" where parameters.isEmpty: erase(row, from: column)
    case "K" where parameters == "2": erase(row, from: 0)
    case "m", "t": break
    case "h" where parameters.hasPrefix("?"): modes.insert(String(parameters.dropFirst()))
    case "l" where parameters.hasPrefix("?"): modes.remove(String(parameters.dropFirst()))
    default: unknown.append("ESC [ \(parameters)\(final)")
    }
  }

  private mutating func erase(_ row: Int, from column: Int) {
    for at in column..<width { cells[row][at] = Cell() }
  }

  private static func text(_ cells: [Cell]) -> String {
    let text = cells.map(\.text).joined()
    return String(text.reversed().drop { $0 == " " }.reversed())
  }
}
