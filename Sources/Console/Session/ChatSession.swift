package import DaybookSDK
import DaybookModel

/// A person, or a script, at the console: what was entered becomes calls of the SDK, its events and
/// answers go through `ChatCore`, and what comes of them to the screen.
package actor ChatSession {
  let client: DaybookClient
  let screen: ChatScreen
  var core: ChatCore
  var info: SessionInfo?
  /// What a script has sent and was not answered yet, in order.
  var pending: [SentMessage] = []
  /// A command waits for its answer.
  private var isBusy = false
  /// Nothing more is done, nor said.
  private var isDropped = false
  /// No more events come.
  private var hasEnded = false
  private var signal: Int32?
  private var caughtUpWaiters: [CheckedContinuation<Void, Never>] = []

  package init(
    client: DaybookClient, screen: ChatScreen, options: ChatOptions, clock: ChatClock
  ) {
    self.client = client
    self.screen = screen
    var settings = ChatCore.Settings()
    settings.changesLines = screen.isTerminal
    settings.backlogLines = options.backlogLines
    settings.rings = options.rings
    core = ChatCore(me: "", clock: clock, settings: settings)
  }

  var me: String { core.me }

  /// Opens the session. Throws `ClientError`.
  package func start() async throws {
    let info = try await client.connect()
    guard let user = info.user else {
      throw ClientError(.notPermitted, "a service can't chat: use a token of a user's device")
    }
    self.info = info
    core = ChatCore(me: user, clock: core.reader.clock, settings: core.settings)
    screen.open()
    say("hello \(Terminal.safe(user)); /help tells what you can do")
    try await unlessTemporary {
      for marked in try await client.conversations() {
        core.marks[marked.conversation] = marked
        core.names.add(marked.conversation)
      }
      let counts = try await client.unread()
      run(core.note(counts))
      if !counts.isEmpty { say(ChatText.unread(counts)) }
    }
    run([core.prompt])
  }

  /// Until the person leaves, the session ends for good, or nobody sees what is shown.
  package func run() async -> ChatEnd {
    let events = Task { await showEvents() }
    let (lines, continuation) = AsyncStream<ScreenInput>.makeStream()
    let work = Task { await follow(lines) }
    for await input in screen.inputs {
      switch input {
      case .entered, .tooLong, .older: continuation.yield(input)
      case .endOfInput: continuation.finish()
      case .interrupt:
        if isBusy || core.isLeaving { await drop() }
        continuation.finish()
      case .outputGone, .ended:
        if case .ended(let number) = input { signal = number }
        continuation.finish()
        await drop()
      }
    }
    continuation.finish()
    await work.value
    await events.value
    return ChatEnd(failure: core.failure?.rawValue, signal: signal)
  }

  // MARK: what happens

  private func showEvents() async {
    for await event in client.events {
      // What nobody saw is not acked, for the loop ends with it, and comes again.
      guard run(core.take(event)) else { break }
      if case .caughtUp = event { caughtUp() }
      if case .connection(.waiting) = event { lost() }
    }
    hasEnded = true
    caughtUp()
    screen.endInputs()
  }

  /// Does what comes of something. False if nobody can see it.
  @discardableResult
  func run(_ outputs: [ChatOutput]) -> Bool {
    if isDropped { return false }
    for output in outputs {
      switch output {
      // The conversation's id was good enough to get messages of it.
      case .read(let conversation, let seq): try? client.markRead(conversation, upToSeq: seq)
      case .askUnread: refreshUnread()
      default: break
      }
    }
    if core.names.isChanged, screen.isTerminal {
      let (users, groups) = core.names.taken()
      screen.know(Vocabulary(commands: ChatForm.arguments, users: users, groups: groups))
    }
    return screen.apply(outputs)
  }

  /// What was asked for: each line is one of the screen.
  func say(_ text: String, _ style: ScreenLine.Style = .news) {
    run(
      text.split(separator: "\n", omittingEmptySubsequences: false)
        .map { .show(ScreenLine(String($0), style)) })
  }

  private func refreshUnread() {
    Task {
      if let counts = try? await client.unread() { run(core.note(counts)) }
    }
  }

  /// Read models may be behind for a while, as on a full disk: that is told, and chatting goes on.
  func unlessTemporary(_ ask: () async throws -> Void) async throws {
    do {
      try await ask()
    } catch let error as ClientError where error.isTemporary {
      say(core.problem(error), .problem)
    }
  }

  // MARK: what is entered

  /// Does what was entered, one after the other, and leaves.
  private func follow(_ lines: AsyncStream<ScreenInput>) async {
    var isAtEnd = true
    for await input in lines {
      // What there was before stands before what a script does, whichever comes first.
      if !screen.isTerminal, input != .entered(EnteredLine(text: "/quit")) { await catchUp() }
      if isDropped { break }
      isBusy = true
      let goesOn = await take(input)
      isBusy = false
      screen.done()
      if !goesOn {
        isAtEnd = false
        break
      }
    }
    await settle()
    // Whoever reads a script's output gets what was there for it.
    await leave(waitsForBacklog: isAtEnd && !screen.isTerminal)
    screen.endInputs()
  }

  /// False when the person wants to leave.
  private func take(_ entered: ScreenInput) async -> Bool {
    let input: ChatInput =
      switch entered {
      case .entered(let line): ChatInput(line)
      case .older: core.reader.open == nil ? .nothing : .older(ChatInput.historyDefault)
      case .tooLong: .wrong("that is too long")
      case .endOfInput, .interrupt, .outputGone, .ended: .nothing
      }
    if input == .quit { return false }
    do {
      // A script's lines are done in their order, and so is what they say.
      if case .text = input {
        if pending.count >= InputRoom.linesMax / 2 { await settle() }
      } else {
        await settle()
      }
      try await follow(input)
    } catch let mistake as ChatMistake {
      core.failed(.mistaken)
      say(mistake.advice, .problem)
    } catch let error as ClientError {
      core.failed(.refused)
      say(core.problem(error), .problem)
    } catch {
      core.failed(.refused)
      say("\(error)", .problem)
    }
    return true
  }

  /// Waits for the answers to what a script has sent.
  func settle() async {
    while let sent = pending.first {
      pending.removeFirst()
      let status: MessageStatus
      var id: UInt64?
      do {
        let stored = try await sent.stored()
        id = stored.messageID == 0 ? nil : stored.messageID
        status = id == nil ? .pushed : .stored(stored)
      } catch {
        status = .failed(error)
      }
      run(core.answered(sent.id, status, message: id))
    }
  }

  // MARK: the end

  /// Waits until everything from before this session was shown.
  private func catchUp() async {
    if core.isCaughtUp || isDropped || hasEnded { return }
    await withCheckedContinuation { caughtUpWaiters.append($0) }
  }

  private func caughtUp() {
    for waiter in caughtUpWaiters { waiter.resume() }
    caughtUpWaiters = []
  }

  /// Waits until everything that was sent and read is durable, and leaves.
  private func leave(waitsForBacklog: Bool) async {
    core.isLeaving = true
    if waitsForBacklog, !core.isLost { await catchUp() }
    run(core.waiting)
    if !core.isLost || core.own.unansweredCount > 0 { await client.settled() }
    await client.close()
  }

  private func lost() {
    guard core.isLeaving else { return }
    caughtUp()
    // What was read is counted as unread again, and that is all. Nobody could end a wait by hand who
    // doesn't see it.
    if core.own.unansweredCount == 0 || screen.isGone { Task { await client.close() } }
  }

  /// Ends the session now: what is unsent is dropped.
  private func drop() async {
    core.isLeaving = true
    // What was taken from a script is sent, even if nobody sees the rest.
    if screen.isGone, !core.isLost { await client.settled() }
    isDropped = true
    caughtUp()
    await client.close()
  }
}
