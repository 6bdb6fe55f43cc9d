package import DaybookSDK
import DaybookModel

/// A person at the console: what they typed becomes calls of the SDK, its events become lines.
package actor ChatSession {
  let client: DaybookClient
  let screen: ChatScreen
  var info: SessionInfo?
  var reader = ChatReader(me: "", open: nil)
  var shown = ShownMessages(me: "")
  var previews = SentPreviews()
  /// Own messages by their numbers, from sending on.
  var sent: [Int: SentMessage] = [:]
  var doings = OwnDoings()
  var unread: [Conversation: UInt64] = [:]
  /// The newest seq that was seen of each conversation: what opening it marks as read.
  var seen: [Conversation: UInt64] = [:]
  /// How conversations are marked, as far as they are.
  var marks: [Conversation: MarkedConversation] = [:]
  private var isCaughtUp = false
  private var caughtUpWaiters: [CheckedContinuation<Void, Never>] = []

  package init(client: DaybookClient, screen: ChatScreen) {
    self.client = client
    self.screen = screen
  }

  var me: String { reader.me }

  /// Throws `ClientError`.
  package func start() async throws {
    let info = try await client.connect()
    guard let user = info.user else {
      throw ClientError(.notPermitted, "a service can't chat: use a token of a user's device")
    }
    self.info = info
    reader.me = user
    shown = ShownMessages(me: user)
    screen.show("hello \(Terminal.safe(user)); /help tells what you can do")
    try await unlessTemporary {
      for marked in try await client.conversations() { marks[marked.conversation] = marked }
      let counts = try await client.unread()
      note(counts)
      if !counts.isEmpty { screen.show(ChatText.unread(counts)) }
    }
    setPrompt()
  }

  /// Read models may be behind for a while, as on a full disk: that is told, and chatting goes on.
  func unlessTemporary(_ ask: () async throws -> Void) async throws {
    do {
      try await ask()
    } catch let error as ClientError where error.isTemporary {
      screen.show(ChatText.problem(error))
    }
  }

  func note(_ counts: UnreadCounts) {
    unread = [:]
    for one in counts.conversations { unread[one.conversation] = one.unread }
  }

  func setPrompt() {
    let place = reader.open.map { " → \(ChatText.name($0))" } ?? ""
    screen.setPrompt(Terminal.safe(me) + place)
  }

  // MARK: what happens

  /// Shows events until the session is over.
  package func showEvents() async {
    for await event in client.events { show(event) }
    caughtUp()
  }

  private func show(_ event: ClientEvent) {
    // A console's own doing was told when the server had answered.
    if doings.take(event) { return note(event) }
    switch event {
    case .message(let message): show(message)
    case .status(let update): show(update)
    case .edited(let edit):
      let number = shown.number(edit)
      screen.show(ChatText.edited(edit, number: number, for: reader))
    default: ChatText.news(event, for: reader, shown: shown).map(screen.show)
    }
    note(event)
  }

  /// What an event changes here, beside the line that tells of it.
  private func note(_ event: ClientEvent) {
    switch event {
    case .read(let conversation, _):
      if conversation != reader.open, unread[conversation] != nil { refreshUnread() }
    case .marked(let marked): marks[marked.conversation] = marked
    case .cleared(let conversation, _): unread[conversation] = nil
    case .groupLeft(let group): close(.group(group))
    case .caughtUp: caughtUp()
    default: break
    }
  }

  /// There is nothing to say there any more.
  func close(_ conversation: Conversation) {
    unread[conversation] = nil
    guard reader.open == conversation else { return }
    reader.open = nil
    setPrompt()
  }

  private func show(_ message: IncomingMessage) {
    let conversation = message.conversation
    seen[conversation] = max(seen[conversation] ?? 0, message.seq)
    if message.isOwn && !message.isTransient && !previews.came(message) { return }
    let isOpen = conversation == reader.open
    let isCounted = !isOpen && !message.isOwn && !message.isTransient && isCaughtUp
    if isCounted { unread[conversation, default: 0] += 1 }
    if isOpen || message.mentionsMe || marks[conversation]?.isQuiet != true {
      line(of: message, unread: unread[conversation] ?? 0)
    }
    if isOpen && !message.isOwn { markRead(conversation) }
  }

  /// Shows a message under its number.
  func line(of message: IncomingMessage, unread: UInt64 = 0) {
    let number = shown.number(message)
    if message.isOwn { previews.numbered(message.id, number) }
    let answered = message.replyTo.flatMap { shown.entry(of: $0, in: message.conversation) }
    screen.show(
      ChatText.message(message, number: number, for: reader, answered: answered, unread: unread))
  }

  private func show(_ update: StatusUpdate) {
    if let send = update.sendID, let number = previews.number(ofSend: send) {
      if let id = update.messageID { shown.bind(number, to: id) }
      sent[number] = nil
    }
    previews.line(update).map(screen.show)
  }

  private func refreshUnread() {
    Task {
      if let counts = try? await client.unread() { note(counts) }
    }
  }

  func markRead(_ conversation: Conversation) {
    unread[conversation] = nil
    // The conversation's id was good enough to get messages of it. With nothing seen, a mark goes.
    try? client.markRead(conversation, upToSeq: seen[conversation] ?? 0)
  }

  private func caughtUp() {
    isCaughtUp = true
    for waiter in caughtUpWaiters { waiter.resume() }
    caughtUpWaiters = []
  }

  /// Everything from before this session has been shown.
  private func waitUntilCaughtUp() async {
    if isCaughtUp { return }
    await withCheckedContinuation { caughtUpWaiters.append($0) }
  }

  /// Waits until everything that was sent and read is durable, and leaves.
  package func leave() async {
    await waitUntilCaughtUp()
    await client.settled()
    await client.close()
  }

  // MARK: doing

  /// Runs a command of which an event tells: here it is told as soon as it is durable, by a line of
  /// its own where only the server knows all that the event says.
  func perform(
    _ event: ClientEvent, line: String? = nil, _ command: () async throws -> Bool
  ) async throws {
    doings.expect(event)
    do {
      if try await command() {
        if let line { screen.show(line) } else { tell(event) }
      } else {
        doings.withdraw(event)
        screen.show("there is nothing to change")
      }
    } catch {
      doings.withdraw(event)
      throw error
    }
  }

  private func tell(_ event: ClientEvent) {
    if case .edited(let edit) = event {
      let number = shown.number(edit)
      screen.show(ChatText.edited(edit, number: number, for: reader))
    } else {
      ChatText.news(event, for: reader, shown: shown).map(screen.show)
    }
  }
}
