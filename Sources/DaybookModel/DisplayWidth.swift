/// Columns of a terminal that a text takes: two for what is wide (East Asian scripts, emoji), none for
/// combining marks, format characters and controls, one for all else. Ambiguous ones (UAX #11) count
/// one, as in a terminal that is not set up for East Asian text. A character that is made of several
/// scalars counts as terminals show it: a joined or coloured emoji and a flag as one wide sign.
///
/// Controls move a cursor: `Terminal.safe` shows them as pictures, which have a width.
package func displayWidth(of text: some StringProtocol) -> Int {
  if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7f }) { return text.utf8.count }
  return text.reduce(0) { $0 + DisplayWidth.columns($1) }
}

private enum DisplayWidth {
  static func columns(_ character: Character) -> Int {
    let scalars = character.unicodeScalars
    guard let first = scalars.first, scalars.count > 1 else {
      return scalars.first.map(columns) ?? 0
    }
    // A flag is two regional indicators, which are narrow apart.
    if isRegionalIndicator(first) { return 2 }
    let isEmoji = scalars.contains { $0.value == 0xfe0f } || first.properties.isEmojiPresentation
    if isEmoji { return 2 }
    return scalars.reduce(0) { $0 + columns($1) }
  }

  private static func isRegionalIndicator(_ scalar: Unicode.Scalar) -> Bool {
    (0x1f1e6...0x1f1ff).contains(scalar.value)
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    if isInvisible(scalar) { return 0 }
    if scalar.value < wide[0].lowerBound { return 1 }
    if isRegionalIndicator(scalar) { return 1 }
    return scalar.properties.isEmojiPresentation || isWide(scalar.value) ? 2 : 1
  }

  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    // A soft hyphen is shown by terminals.
    case 0xad: return false
    // Vowels and finals of a syllable stand in the column of its initial.
    case 0x1160...0x11ff, 0xd7b0...0xd7ff: return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control, .lineSeparator, .paragraphSeparator:
      return true
    default: return false
    }
  }

  /// East_Asian_Width W and F (Unicode 16), but for emoji, which the standard library knows; planes 2
  /// and 3 are wide as wholes.
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115f, 0x2329...0x232a, 0x2e80...0x303e, 0x3041...0x3247, 0x3250...0xa4cf,
    0xa960...0xa97c, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f,
    0xff01...0xff60, 0xffe0...0xffe6, 0x16fe0...0x16fff, 0x17000...0x18dff, 0x1aff0...0x1b2ff,
    0x1d300...0x1d376, 0x1f200...0x1f265, 0x20000...0x2fffd, 0x30000...0x3fffd,
  ]

  private static func isWide(_ value: UInt32) -> Bool {
    var (low, high) = (0, wide.count)
    while low < high {
      let middle = (low + high) / 2
      if wide[middle].upperBound < value { low = middle + 1 } else { high = middle }
    }
    return low < wide.count && wide[low].contains(value)
  }
}
