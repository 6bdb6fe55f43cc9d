/// A terminal's bytes as keys. Sequences and characters may come in any pieces; what is no key, or
/// none that is known, is passed over whole, so that nothing of it becomes text.
///
/// Sources: ECMA-48 (control sequences), xterm's control sequences (modifiers, bracketed paste,
/// application cursor keys), the Linux console's and rxvt's forms of Home, End and Ctrl with arrows.
struct KeyDecoder {
  /// Of one paste, and of one run of text.
  static let pasteBytesMax = 1 << 20
  private static let sequenceBytesMax = 64
  private static let pasteEnd = Array("\u{1b}[201~".utf8)

  private enum State: Equatable {
    case ground
    /// After ESC: a sequence's begin, or Alt with what comes next.
    case escape
    /// After ESC [: parameters so far.
    case control([UInt8])
    /// After ESC O.
    case single
    /// After ESC [ [: one byte is left of a function key.
    case function
    case paste
  }

  private var state = State.ground
  private var utf8 = UTF8Pieces()
  private var pasted: [UInt8] = []
  private var isPasteTooLong = false
  private var keys: [Key] = []

  mutating func take(_ bytes: some Sequence<UInt8>) -> [Key] {
    for byte in bytes { take(byte) }
    flushText()
    defer { keys = [] }
    return keys
  }

  private mutating func take(_ byte: UInt8) {
    switch state {
    case .ground: takeGround(byte)
    case .escape: takeEscaped(byte)
    case .control(let parameters): takeControl(byte, after: parameters)
    case .single:
      state = .ground
      if let key = KeyDecoder.single[byte] { put(key) }
    case .function: state = .ground
    case .paste: takePasted(byte)
    }
  }

  private mutating func put(_ key: Key) {
    flushText()
    keys.append(key)
  }

  private mutating func flushText() {
    let text = utf8.takeText()
    if !text.isEmpty { keys.append(.text(text)) }
  }

  private mutating func takeGround(_ byte: UInt8) {
    if byte >= 0x20, byte != 0x7f { return utf8.take(byte) }
    utf8.endCharacter()
    if byte == 0x1b {
      state = .escape
    } else if let key = KeyDecoder.controls[byte] {
      put(key)
    }
  }

  private mutating func takeEscaped(_ byte: UInt8) {
    state = .ground
    switch byte {
    case UInt8(ascii: "["): state = .control([])
    case UInt8(ascii: "O"): state = .single
    case 0x1b:
      put(.cancel)
      state = .escape
    default: if let key = KeyDecoder.withAlt[byte] { put(key) }
    }
  }

  private mutating func takeControl(_ byte: UInt8, after parameters: [UInt8]) {
    switch byte {
    case 0x1b: state = .escape
    case 0x20..<0x40:
      state = .control(
        parameters.count < KeyDecoder.sequenceBytesMax ? parameters + [byte] : parameters)
    case UInt8(ascii: "[") where parameters.isEmpty: state = .function
    case 0x40..<0x7f:
      state = .ground
      finish(ControlSequence(parameters, final: byte))
    default: state = .ground
    }
  }

  private mutating func finish(_ sequence: ControlSequence) {
    if sequence.final == UInt8(ascii: "~"), sequence.number == 200 {
      flushText()
      state = .paste
    } else if let key = sequence.key {
      put(key)
    }
  }

  private mutating func takePasted(_ byte: UInt8) {
    pasted.append(byte)
    if pasted.count > KeyDecoder.pasteBytesMax {
      isPasteTooLong = true
      // Its end may lie across this point.
      pasted.removeFirst(pasted.count - KeyDecoder.pasteEnd.count)
    }
    guard byte == KeyDecoder.pasteEnd.last, pasted.suffix(6) == KeyDecoder.pasteEnd[...] else {
      return
    }
    state = .ground
    keys.append(
      isPasteTooLong ? .pasteTooLong : .paste(KeyDecoder.text(ofPaste: pasted.dropLast(6))))
    pasted = []
    isPasteTooLong = false
  }

  /// Line ends as `\n`, whatever they were; of other control characters only tabs stay.
  private static func text(ofPaste bytes: ArraySlice<UInt8>) -> String {
    var scalars = String.UnicodeScalarView()
    var wasReturn = false
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      switch scalar {
      case "\n" where wasReturn: break
      case "\r", "\n": scalars.append("\n")
      case "\t": scalars.append("\t")
      default: if scalar.value >= 0x20, scalar.value != 0x7f { scalars.append(scalar) }
      }
      wasReturn = scalar == "\r"
    }
    return String(scalars)
  }

  // MARK: tables

  private static let controls: [UInt8: Key] = [
    0x01: .home, 0x02: .left, 0x03: .interrupt, 0x04: .endOfInput, 0x05: .end, 0x06: .right,
    0x07: .cancel, 0x08: .backspace, 0x09: .tab, 0x0a: .enter, 0x0b: .killToEnd, 0x0c: .redraw,
    0x0d: .enter, 0x0e: .down, 0x10: .up, 0x12: .search, 0x15: .killToStart,
    0x17: .deleteWordBack, 0x19: .yank, 0x1a: .suspend, 0x7f: .backspace,
  ]

  private static let withAlt: [UInt8: Key] = [
    0x0a: .newline, 0x0d: .newline, 0x08: .deleteWordBack, 0x7f: .deleteWordBack,
    UInt8(ascii: "b"): .wordLeft, UInt8(ascii: "B"): .wordLeft, UInt8(ascii: "f"): .wordRight,
    UInt8(ascii: "F"): .wordRight, UInt8(ascii: "d"): .deleteWordForward,
    UInt8(ascii: "D"): .deleteWordForward,
  ]

  private static let single: [UInt8: Key] = [
    UInt8(ascii: "A"): .up, UInt8(ascii: "B"): .down, UInt8(ascii: "C"): .right,
    UInt8(ascii: "D"): .left, UInt8(ascii: "H"): .home, UInt8(ascii: "F"): .end,
    UInt8(ascii: "M"): .enter, UInt8(ascii: "c"): .wordRight, UInt8(ascii: "d"): .wordLeft,
  ]
}

/// `ESC [ number ; modifiers final`
private struct ControlSequence {
  let number: Int
  /// Shift, Alt or Ctrl was held.
  let isModified: Bool
  let final: UInt8
  /// What a terminal answers to a question begins with `?` or alike.
  let isAnswer: Bool

  init(_ parameters: [UInt8], final: UInt8) {
    let numbers = parameters.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
      .map { Int(String(decoding: $0, as: UTF8.self)) ?? 1 }
    number = parameters.isEmpty ? 1 : numbers[0]
    isModified = numbers.count > 1 && numbers[1] > 1
    self.final = final
    isAnswer = parameters.first.map { (0x3c...0x3f).contains($0) } ?? false
  }

  var key: Key? {
    if isAnswer { return nil }
    return switch Character(Unicode.Scalar(final)) {
    case "A": .up
    case "B": .down
    case "C": isModified ? .wordRight : .right
    case "D": isModified ? .wordLeft : .left
    case "a": .up
    case "b": .down
    case "c": .wordRight
    case "d": .wordLeft
    case "H": .home
    case "F": .end
    case "~": numbered
    case "u": unicode
    default: nil
    }
  }

  private var numbered: Key? {
    switch number {
    case 1, 7: .home
    case 4, 8: .end
    case 3: isModified ? .deleteWordForward : .delete
    case 5: .pageUp
    case 6: .pageDown
    default: nil
    }
  }

  private var unicode: Key? {
    switch number {
    case 13: isModified ? .newline : .enter
    case 9: .tab
    case 27: .cancel
    case 127: .backspace
    default: nil
    }
  }
}
