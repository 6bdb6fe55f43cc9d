import Glibc
import NIOConcurrencyHelpers

/// Where the console client reads and writes: a terminal, at which a line is edited below what is
/// shown; or lines from and to files and pipes.
package final class ChatScreen: Sendable {
  private struct State {
    /// Nil where lines come and go.
    var terminal: TerminalScreen?
    var isOpen = false
    var isGone = false
    var isEnding = false
    /// It goes on after a stop of its own, which the next SIGCONT is about.
    var hasResumed = false
    var title = ""
  }

  private let state: NIOLockedValueBox<State>
  private let raw: RawTerminal?
  private let options: ScreenOptions
  private let history: HistoryFile?
  private let room = InputRoom()
  private let continuation: AsyncStream<ScreenInput>.Continuation
  package let inputs: AsyncStream<ScreenInput>

  /// Standard input and output are a terminal that can move its cursor.
  package init(_ options: ScreenOptions) {
    let isDumb = getenv("TERM").map { String(cString: $0) == "dumb" } ?? true
    let isTerminal = isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1 && !isDumb
    self.options = options
    raw = isTerminal ? RawTerminal() : nil
    history = isTerminal ? options.historyPath.map { HistoryFile(path: $0) } : nil
    (inputs, continuation) = AsyncStream.makeStream()
    var state = State()
    if raw != nil {
      let size = RawTerminal.size
      state.terminal = TerminalScreen(
        width: size.width, height: size.height, hasColour: options.hasColour,
        history: history?.load() ?? [])
    }
    self.state = NIOLockedValueBox(state)
  }

  package var isTerminal: Bool { raw != nil }

  /// It can be written to no more.
  var isGone: Bool { state.withLockedValue { $0.isGone } }

  // MARK: the terminal's modes

  private static let ending = [SIGTERM, SIGHUP, SIGINT, SIGQUIT]
  private static let others = [SIGWINCH, SIGCONT, SIGTSTP]

  /// Takes the terminal, until `close`.
  package func open() {
    guard raw != nil else { return }
    for number in ChatScreen.ending + ChatScreen.others { SignalPipe.handle(number) }
    state.withLockedValue { state in
      state.isOpen = true
      take(&state)
    }
  }

  /// Gives the terminal back as it was, with nothing of the edited line on it.
  package func close() {
    state.withLockedValue { state in
      if state.isOpen { give(&state) }
      state.isOpen = false
      state.isEnding = true
    }
    SignalPipe.send(0)
    room.open()
    continuation.finish()
  }

  /// Ends the program as the signal would have; to be called at the end.
  package func end(by number: Int32) { SignalPipe.obey(number) }

  private func take(_ state: inout State) {
    raw?.enter()
    // Bracketed paste on; the window's title is kept for later.
    write("\u{1b}[?2004h" + (options.setsTitle ? "\u{1b}[22;2t" + title(state) : ""), &state)
    write(state.terminal?.draw() ?? "", &state)
  }

  private func give(_ state: inout State) {
    write(state.terminal?.leave() ?? "", &state)
    write("\u{1b}[?2004l" + (options.setsTitle ? "\u{1b}[23;2t" : ""), &state)
    raw?.restore()
  }

  /// Ctrl-Z: the shell has the terminal until this process goes on.
  private func suspend() {
    // Under the lock, so that nothing is shown where the shell is.
    state.withLockedValue { state in
      give(&state)
      SignalPipe.obey(SIGTSTP)
      SignalPipe.handle(SIGTSTP)
      state.hasResumed = true
      resume(&state)
    }
  }

  /// After a stop: the terminal may have another size, and others wrote on it.
  private func resume(_ state: inout State) {
    guard state.isOpen else { return }
    let size = RawTerminal.size
    state.terminal?.forget(width: size.width, height: size.height)
    take(&state)
  }

  private func resize(_ state: inout State) {
    let size = RawTerminal.size
    write(state.terminal?.resize(width: size.width, height: size.height) ?? "", &state)
  }

  private func title(_ state: State) -> String { "\u{1b}]2;\(state.title)\u{7}" }

  /// A line of a script is done: the next ones may be read.
  func done() { if raw == nil { room.leave() } }

  /// `inputs` end here.
  func endInputs() { continuation.finish() }

  // MARK: showing

  /// False if nobody can see it.
  @discardableResult
  func apply(_ outputs: [ChatOutput]) -> Bool {
    // Under the lock, so that two lines never mix.
    state.withLockedValue { state in
      for output in outputs { apply(output, &state) }
      return !state.isGone
    }
  }

  private func apply(_ output: ChatOutput, _ state: inout State) {
    switch output {
    case .show(let line, let id):
      write(state.terminal?.show(line, id: id) ?? line.flat + "\n", &state)
    case .change(let id, let line, let otherwise):
      guard let bytes = state.terminal?.change(id, to: line) else { return }
      write(bytes, &state)
      if bytes.isEmpty, let otherwise { write(state.terminal?.show(otherwise) ?? "", &state) }
    case .prompt(let prompt):
      guard state.terminal != nil else { return }
      state.terminal?.prompt = prompt
      state.title = "daybook: " + prompt.dropLast(2)
      guard state.isOpen else { return }
      write(state.terminal?.draw() ?? "", &state)
      if options.setsTitle { write(title(state), &state) }
    case .bell: if state.terminal != nil { write("\u{7}", &state) }
    case .read, .askUnread: break
    }
  }

  func know(_ vocabulary: Vocabulary) {
    state.withLockedValue { $0.terminal?.know(vocabulary) }
  }

  /// Whoever read this may have seen enough, as `head` does, or the disk is full: all the same to
  /// who would be told of it.
  private func write(_ text: String, _ state: inout State) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty, !state.isGone {
      let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count >= 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN {
        var output = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&output, 1, -1)
      } else if errno != EINTR {
        state.isGone = true
        continuation.yield(.outputGone)
      }
    }
  }

  // MARK: reading

  /// Reads until `close`; to be called on a thread of its own, for it blocks.
  package func read() {
    var lines = InputLines()
    var piece = [UInt8](repeating: 0, count: 65_536)
    var files = [
      pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0),
      pollfd(fd: SignalPipe.reading, events: Int16(POLLIN), revents: 0),
      // Of interest is only whether it is still there.
      pollfd(fd: STDOUT_FILENO, events: 0, revents: 0),
    ]
    while !state.withLockedValue({ $0.isEnding }) {
      if poll(&files, nfds_t(files.count), -1) < 0, errno != EINTR { return end(&lines) }
      if files[1].revents != 0 {
        let count = Glibc.read(SignalPipe.reading, &piece, piece.count)
        for number in piece.prefix(max(0, count)) { signalled(Int32(number)) }
      }
      if files[2].revents != 0 {
        state.withLockedValue { $0.isGone = true }
        continuation.yield(.outputGone)
        files[2].fd = -1
      }
      guard files[0].revents != 0 else { continue }
      let count = Glibc.read(STDIN_FILENO, &piece, piece.count)
      if count > 0 {
        take(piece[..<count], &lines)
      } else if count == 0 || (errno != EINTR && errno != EAGAIN) {
        end(&lines)
        files[0].fd = -1
      }
    }
  }

  private func take(_ piece: ArraySlice<UInt8>, _ lines: inout InputLines) {
    guard raw != nil else { return give(lines.take(piece)) }
    let inputs = state.withLockedValue { state in
      guard let (screen, inputs) = state.terminal?.type(piece) else {
        return [TerminalScreen.Input]()
      }
      write(screen, &state)
      return inputs
    }
    for input in inputs {
      switch input {
      case .entered(let line):
        if line.isNew { history?.append(line.asTyped) }
        continuation.yield(.entered(line))
      case .older: continuation.yield(.older)
      case .endOfInput: continuation.yield(.endOfInput)
      case .interrupt: continuation.yield(.interrupt)
      case .suspend: suspend()
      }
    }
  }

  private func give(_ lines: [InputLines.Line]) {
    for line in lines {
      room.enter()
      switch line {
      case .line(let text): continuation.yield(.entered(EnteredLine(text: text)))
      case .tooLong: continuation.yield(.tooLong)
      }
    }
  }

  private func end(_ lines: inout InputLines) {
    give(lines.end())
    continuation.yield(.endOfInput)
  }

  private func signalled(_ number: Int32) {
    switch number {
    case 0: break
    case SIGWINCH: state.withLockedValue { if $0.isOpen { resize(&$0) } }
    case SIGCONT:
      state.withLockedValue { state in
        if !state.hasResumed { resume(&state) }
        state.hasResumed = false
      }
    case SIGTSTP: suspend()
    default:
      // Whatever hangs from here on, the next one ends it.
      SignalPipe.leave(number)
      state.withLockedValue { state in
        if state.isOpen { give(&state) }
        state.isOpen = false
      }
      continuation.yield(.ended(number))
    }
  }
}
