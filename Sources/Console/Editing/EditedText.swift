/// Text with a cursor. Positions are characters as people see them.
struct EditedText: Equatable {
  private(set) var characters: [Character] = []
  /// In front of which character: 0 to their count.
  private(set) var cursor = 0
  /// What was cut last, for `yank`.
  private var killed: [Character] = []
  /// It begins with what was pasted: text, whatever it looks like.
  private(set) var isLiteral = false

  /// More is not taken.
  static let bytesMax = 1 << 20
  private(set) var byteCount = 0

  var text: String { String(characters) }
  var isEmpty: Bool { characters.isEmpty }
  var beforeCursor: String { String(characters[..<cursor]) }

  /// With the cursor at its end.
  mutating func set(_ text: String) {
    characters = Array(text)
    cursor = characters.count
    byteCount = text.utf8.count
    isLiteral = false
  }

  /// False if there is no room for it.
  mutating func insert(_ text: String, isPasted: Bool = false) -> Bool {
    guard byteCount + text.utf8.count <= EditedText.bytesMax else { return false }
    if cursor == 0, !text.isEmpty { isLiteral = isPasted }
    byteCount += text.utf8.count
    // What comes may belong to the character before it, as an accent does, or take the next one.
    let left = cursor > 0 ? cursor - 1 : 0
    let right = min(cursor + 1, characters.count)
    let head = String(characters[left..<cursor]) + text
    let joined = Array(head + String(characters[cursor..<right]))
    characters.replaceSubrange(left..<right, with: joined)
    cursor = min(left + head.count, characters.count)
    return true
  }

  /// Takes what stands `count` characters before the cursor for this.
  mutating func replace(before count: Int, with text: String) -> Bool {
    remove(cursor - count..<cursor)
    return insert(text)
  }

  // MARK: moving

  mutating func moveLeft() { cursor = max(0, cursor - 1) }
  mutating func moveRight() { cursor = min(characters.count, cursor + 1) }
  mutating func moveToStart() { cursor = lineStart }
  mutating func moveToEnd() { cursor = lineEnd }
  mutating func moveToTextEnd() { cursor = characters.count }
  mutating func moveWordLeft() { cursor = wordLeft }
  mutating func moveWordRight() { cursor = wordRight }

  /// To the line above; false in the first one.
  mutating func moveUp() -> Bool {
    let start = lineStart
    guard start > 0 else { return false }
    let column = cursor - start
    cursor = start - 1
    let above = lineStart
    cursor = min(above + column, start - 1)
    return true
  }

  /// To the line below; false in the last one.
  mutating func moveDown() -> Bool {
    let column = cursor - lineStart
    let end = lineEnd
    guard end < characters.count else { return false }
    cursor = end + 1
    cursor = min(end + 1 + column, lineEnd)
    return true
  }

  private var lineStart: Int {
    characters[..<cursor].lastIndex(of: "\n").map { $0 + 1 } ?? 0
  }

  private var lineEnd: Int {
    characters[cursor...].firstIndex(of: "\n") ?? characters.count
  }

  private var wordLeft: Int {
    var at = cursor
    while at > 0, !EditedText.isWord(characters[at - 1]) { at -= 1 }
    while at > 0, EditedText.isWord(characters[at - 1]) { at -= 1 }
    return at
  }

  private var wordRight: Int {
    var at = cursor
    while at < characters.count, !EditedText.isWord(characters[at]) { at += 1 }
    while at < characters.count, EditedText.isWord(characters[at]) { at += 1 }
    return at
  }

  private static func isWord(_ character: Character) -> Bool {
    character.isLetter || character.isNumber
  }

  // MARK: deleting

  mutating func deleteBack() { if cursor > 0 { remove(cursor - 1..<cursor) } }
  mutating func deleteForward() {
    if cursor < characters.count { remove(cursor..<cursor + 1) }
  }

  mutating func killToEnd() {
    // At a line's end, the line end itself goes.
    kill(cursor..<(lineEnd == cursor ? min(cursor + 1, characters.count) : lineEnd))
  }

  mutating func killToStart() { kill(lineStart..<cursor) }
  mutating func killWordForward() { kill(cursor..<wordRight) }

  /// Up to the space before the word.
  mutating func killWordBack() {
    var at = cursor
    while at > 0, characters[at - 1].isWhitespace { at -= 1 }
    while at > 0, !characters[at - 1].isWhitespace { at -= 1 }
    kill(at..<cursor)
  }

  mutating func yank() -> Bool { insert(String(killed)) }

  private mutating func kill(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    killed = Array(characters[range])
    remove(range)
  }

  private mutating func remove(_ range: Range<Int>) {
    byteCount -= characters[range].reduce(0) { $0 + $1.utf8.count }
    characters.removeSubrange(range)
    cursor = range.lowerBound
    if range.lowerBound == 0, !range.isEmpty { isLiteral = false }
  }
}
