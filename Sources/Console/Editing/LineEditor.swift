/// The line that a person is writing: keys in, what has to be done out. It neither reads nor draws.
struct LineEditor {
  enum Action: Equatable {
    /// The line is entered, and the editor empty again.
    case enter(EnteredLine)
    /// Ctrl-D in an empty line.
    case endOfInput
    /// Ctrl-C in an empty line; in another it only empties it.
    case interrupt
    case suspend
    case redraw
    case older
    /// What the word at the cursor may become.
    case candidates([String])
    /// Why something was not done.
    case notice(String)
  }

  private(set) var line = EditedText()
  var vocabulary = Vocabulary()
  private var history: LineHistory
  private var search: Search?

  /// Ctrl-R: what is looked for, and where it was found.
  private struct Search: Equatable {
    var part = ""
    var found: Int?
    /// What was written before.
    var before: EditedText
  }

  init(history: [String] = []) { self.history = LineHistory(history) }

  /// What stands before the line instead of the prompt while something is looked for.
  var searchPrompt: String? { search.map { "(search: \($0.part)) " } }

  var isEmpty: Bool { line.isEmpty && search == nil }

  mutating func take(_ key: Key) -> [Action] {
    if search != nil {
      if takeSearching(key) { return [] }
      search = nil
      if key == .cancel || key == .interrupt { return [] }
    }
    switch key {
    case .text(let text): return insert(text)
    case .paste(let text): return insert(text, isPasted: true)
    case .pasteTooLong: return [.notice("what was pasted is too long, and was left out")]
    case .newline: return insert("\n")
    case .tab: return complete()
    case .enter: return enter()
    case .search: search = Search(before: line)
    case .endOfInput:
      if line.isEmpty { return [.endOfInput] }
      line.deleteForward()
    case .interrupt:
      if line.isEmpty { return [.interrupt] }
      line.set("")
    case .suspend: return [.suspend]
    case .redraw: return [.redraw]
    case .pageUp: return [.older]
    case .pageDown, .cancel: break
    case .yank: return line.yank() ? [] : [LineEditor.isFull]
    default: edit(key)
    }
    return []
  }

  private static let isFull = Action.notice("the line is too long to take more")

  private mutating func insert(_ text: String, isPasted: Bool = false) -> [Action] {
    line.insert(text, isPasted: isPasted) ? [] : [LineEditor.isFull]
  }

  private mutating func edit(_ key: Key) {
    switch key {
    case .left: line.moveLeft()
    case .right: line.moveRight()
    case .wordLeft: line.moveWordLeft()
    case .wordRight: line.moveWordRight()
    case .home: line.moveToStart()
    case .end: line.moveToEnd()
    case .up: if !line.moveUp(), let entry = history.older(than: line.text) { line.set(entry) }
    case .down: if !line.moveDown(), let entry = history.newer() { line.set(entry) }
    case .backspace: line.deleteBack()
    case .delete: line.deleteForward()
    case .deleteWordBack: line.killWordBack()
    case .deleteWordForward: line.killWordForward()
    case .killToEnd: line.killToEnd()
    case .killToStart: line.killToStart()
    default: break
    }
  }

  // MARK: entering

  private mutating func enter() -> [Action] {
    if line.text.isContinued {
      line.moveToTextEnd()
      line.deleteBack()
      return insert("\n")
    }
    var entered = EnteredLine(text: line.text, isText: line.isLiteral)
    line.set("")
    guard !entered.text.allSatisfy(\.isWhitespace) else { return [] }
    entered.isNew = history.add(entered.asTyped)
    return [.enter(entered)]
  }

  private mutating func complete() -> [Action] {
    let completion = Completion(of: line.beforeCursor, with: vocabulary)
    switch completion.candidates.count {
    case 0: return []
    case 1:
      return line.replace(before: completion.length, with: completion.candidates[0] + " ")
        ? [] : [LineEditor.isFull]
    default:
      let common = completion.common
      if common.count > completion.length {
        return line.replace(before: completion.length, with: common) ? [] : [LineEditor.isFull]
      }
      return [.candidates(completion.candidates)]
    }
  }

  // MARK: searching

  /// False for a key that ends the search, and is then taken as ever.
  private mutating func takeSearching(_ key: Key) -> Bool {
    guard var search else { return false }
    switch key {
    case .text(let text):
      search.part += text
      search.found = history.find(search.part)
    case .backspace:
      search.part = String(search.part.dropLast())
      search.found = history.find(search.part)
    case .search:
      search.found = history.find(search.part, before: search.found) ?? search.found
    case .cancel, .interrupt:
      line = search.before
      return false
    default: return false
    }
    line = search.before
    if let found = search.found { line.set(history.entries[found]) }
    self.search = search
    return true
  }
}

/// A line as it was entered.
package struct EnteredLine: Equatable, Sendable {
  package var text: String
  /// It is text even if it begins with a slash, for that was pasted.
  package var isText = false
  /// It is another than the one before: a history should keep it.
  var isNew = false

  package init(text: String, isText: Bool = false) {
    self.text = text
    self.isText = isText
  }

  /// What typed by hand would mean the same.
  var asTyped: String { isText && text.hasPrefix("/") ? "/" + text : text }
}

extension String {
  /// The line goes on behind a backslash; two of them are what they are.
  fileprivate var isContinued: Bool { reversed().prefix { $0 == "\\" }.count % 2 == 1 }
}
