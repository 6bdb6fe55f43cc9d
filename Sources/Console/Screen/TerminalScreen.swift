/// A terminal that a person writes at: bytes of the keyboard in, bytes for the screen and what was
/// entered out. What is being written stays as it is, whatever is shown above it.
struct TerminalScreen {
  /// What comes of keys, beside what the screen shows.
  enum Input: Equatable {
    case entered(EnteredLine)
    case older
    case endOfInput
    case interrupt
    case suspend
  }

  private var decoder = KeyDecoder()
  private(set) var editor: LineEditor
  private var painter: ScreenPainter
  var prompt = ""

  init(width: Int, height: Int, hasColour: Bool, history: [String]) {
    editor = LineEditor(history: history)
    painter = ScreenPainter(width: width, height: height, hasColour: hasColour)
  }

  mutating func type(_ bytes: some Sequence<UInt8>) -> (screen: String, inputs: [Input]) {
    var screen = ""
    var inputs: [Input] = []
    for key in decoder.take(bytes) {
      for action in editor.take(key) {
        switch action {
        case .enter(let line): inputs.append(.entered(line))
        case .older: inputs.append(.older)
        case .endOfInput: inputs.append(.endOfInput)
        case .interrupt: inputs.append(.interrupt)
        case .suspend: inputs.append(.suspend)
        case .redraw: screen += painter.clear(prompt: shownPrompt, editor.line)
        case .candidates(let words): screen += show(TerminalScreen.columns(words))
        case .notice(let text): screen += show(ScreenLine(text, .problem))
        }
      }
    }
    return (screen + draw(), inputs)
  }

  /// So many are listed.
  private static let candidatesMax = 100

  private static func columns(_ words: [String]) -> ScreenLine {
    let rest = words.count - candidatesMax
    let more = rest > 0 ? "  and \(rest) more" : ""
    return ScreenLine(words.prefix(candidatesMax).joined(separator: "  ") + more, .news)
  }

  /// Below all that was shown before, above the line that is being written.
  mutating func show(_ line: ScreenLine, id: Int? = nil) -> String {
    painter.add([(id, line)])
  }

  mutating func change(_ id: Int, to line: ScreenLine) -> String {
    painter.change(id, to: line)
  }

  mutating func draw() -> String { painter.edit(prompt: shownPrompt, editor.line) }

  mutating func resize(width: Int, height: Int) -> String {
    painter.resize(width: width, height: height, prompt: shownPrompt, editor.line)
  }

  mutating func forget(width: Int, height: Int) { painter.forget(width: width, height: height) }

  /// To before another program has the terminal, or the shell.
  mutating func leave() -> String { painter.leave() }

  mutating func know(_ vocabulary: Vocabulary) { editor.vocabulary = vocabulary }

  private var shownPrompt: String { editor.searchPrompt ?? prompt }
}
