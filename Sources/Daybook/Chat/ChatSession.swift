import DaybookClient
import DaybookModel

/// A person at the console: what they typed becomes calls of the SDK, its events become lines.
actor ChatSession {
  private let client: DaybookClient
  private let screen: ChatScreen
  private var me = ""
  private var open: Conversation?
  private var unread: [Conversation: UInt64] = [:]
  /// The newest seq that was seen of each conversation: what opening it marks as read.
  private var seen: [Conversation: UInt64] = [:]
  private var previews = SentPreviews()
  private var isCaughtUp = false
  private var caughtUpWaiters: [CheckedContinuation<Void, Never>] = []

  init(client: DaybookClient, screen: ChatScreen) {
    self.client = client
    self.screen = screen
  }

  /// Throws `ClientError`.
  func start() async throws {
    let info = try await client.connect()
    guard let user = info.user else {
      throw ClientError(.notPermitted, "a service can't chat: use a token of a user's device")
    }
    me = user
    screen.show("hello \(Terminal.safe(user)); /help tells what you can do")
    try await unlessTemporary {
      unread = try await client.unread()
      if unread.contains(where: { $0.value > 0 }) { screen.show(ChatText.unread(unread)) }
    }
    screen.setPrompt(Terminal.safe(me))
  }

  /// Read models may be behind for a while, as on a full disk: that is told, and chatting goes on.
  private func unlessTemporary(_ ask: () async throws -> Void) async throws {
    do {
      try await ask()
    } catch let error as ClientError where error.isTemporary {
      screen.show(ChatText.problem(error))
    }
  }

  // MARK: what happens

  /// Shows events until the session is over.
  func showEvents() async {
    for await event in client.events { show(event) }
    caughtUp()
  }

  private func show(_ event: ClientEvent) {
    switch event {
    case .message(let message): show(message)
    case .status(let update): previews.line(update).map(screen.show)
    case .read(let conversation, _):
      if conversation != open, unread[conversation] != nil { refreshUnread() }
    case .groupJoined(let group): screen.show("you are a member of #\(Terminal.safe(group))")
    case .groupLeft(let group):
      unread[.group(group)] = nil
      screen.show("you have left #\(Terminal.safe(group))")
    case .groupCreated(let group, _, let by):
      if by != me { screen.show("\(Terminal.safe(by)) made #\(Terminal.safe(group))") }
    case .memberJoined(let group, let user):
      if user != me { screen.show("\(Terminal.safe(user)) has joined #\(Terminal.safe(group))") }
    case .memberLeft(let group, let user):
      if user != me { screen.show("\(Terminal.safe(user)) has left #\(Terminal.safe(group))") }
    case .presence(let user, let isOnline):
      screen.show("\(Terminal.safe(user)) is \(isOnline ? "online" : "offline")")
    case .typing(let user, _): screen.show("\(Terminal.safe(user)) is typing…")
    case .caughtUp: caughtUp()
    case .delayed(let error):
      screen.show("the server can't take it now, still trying (\(ChatText.problem(error)))")
    case .connection(let state): ChatText.connection(state).map(screen.show)
    }
  }

  private func show(_ message: IncomingMessage) {
    let conversation = message.conversation
    seen[conversation] = max(seen[conversation] ?? 0, message.seq)
    if message.isOwn && !previews.came(message) { return }
    let isCounted = conversation != open && !message.isOwn && isCaughtUp
    if isCounted { unread[conversation, default: 0] += 1 }
    screen.show(ChatText.message(message, open: open, unread: unread[conversation] ?? 0))
    if conversation == open && !message.isOwn { markRead(conversation) }
  }

  private func refreshUnread() {
    Task {
      if let counts = try? await client.unread() { unread = counts }
    }
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

  // MARK: what is typed

  /// False when the person wants to leave.
  func take(_ line: String) async -> Bool {
    do {
      switch ChatInput(line) {
      case .nothing: break
      case .quit: return false
      case .help: screen.show(ChatInput.helpText)
      case .wrong(let advice): screen.show(advice)
      case .text(let text): try send(text)
      case .to(let user): try await enter(.user(user))
      case .group(let name), .join(let name?): try await enterGroup(name)
      case .join(nil): try await enterGroup(try openGroup())
      case .leave(let name): try await leave(try name ?? openGroup())
      case .history(let count): try await showHistory(count)
      case .unread:
        unread = try await client.unread()
        screen.show(ChatText.unread(unread))
      case .online(let users): try await showOnline(users)
      case .typing: try client.typing(in: try openConversation())
      }
    } catch let error as ClientError {
      screen.show(ChatText.problem(error))
    } catch {
      screen.show("\(error)")
    }
    return true
  }

  /// Waits until everything that was sent and read is durable, and leaves.
  func leave() async {
    await waitUntilCaughtUp()
    await client.settled()
    await client.close()
  }

  private func send(_ text: String) throws {
    let conversation = try openConversation()
    let message = try client.send(text: text, to: conversation)
    previews.sent(message.id, text)
  }

  private func openConversation() throws -> Conversation {
    guard let open else {
      throw ClientError(
        .invalidRequest, "whom to? open a conversation with /to USER or /group NAME")
    }
    return open
  }

  private func openGroup() throws -> String {
    guard case .group(let name)? = open else {
      throw ClientError(.invalidRequest, "say which group, or open it first with /group NAME")
    }
    return name
  }

  private func enterGroup(_ name: String) async throws {
    do {
      try await client.join(group: name)
    } catch let error as ClientError where error.name == ErrorCode.groupNotFound.name {
      do {
        try await client.createGroup(name)
        screen.show("made #\(Terminal.safe(name))")
      } catch let error as ClientError where error.name == ErrorCode.groupExists.name {
        // Somebody was faster.
        try await client.join(group: name)
      }
    }
    try await enter(.group(name))
  }

  private func leave(_ name: String) async throws {
    let changed = try await client.leave(group: name)
    if !changed { screen.show("you were no member of #\(Terminal.safe(name))") }
    if open == .group(name) {
      open = nil
      screen.setPrompt(Terminal.safe(me))
    }
  }

  /// Opens a conversation, shows its end, and marks it as read.
  private func enter(_ conversation: Conversation) async throws {
    try await unlessTemporary {
      let page = try await client.history(of: conversation, limit: ChatInput.historyDefault)
      for message in page.messages {
        screen.show(ChatText.message(message, open: conversation, unread: 0))
        // A message's seq is of the stream that it came in: here the own mailbox, or the group.
        seen[conversation] = max(seen[conversation] ?? 0, message.seq)
      }
    }
    open = conversation
    screen.setPrompt("\(Terminal.safe(me)) → \(ChatText.name(conversation))")
    if seen[conversation] != nil { markRead(conversation) }
  }

  private func markRead(_ conversation: Conversation) {
    unread[conversation] = nil
    guard let seq = seen[conversation] else { return }
    // The conversation's id was good enough to get messages of it.
    try? client.markRead(conversation, upToSeq: seq)
  }

  private func showHistory(_ count: Int) async throws {
    let page = try await client.history(of: try openConversation(), limit: count)
    for message in page.messages {
      screen.show(ChatText.message(message, open: open, unread: 0))
    }
    if page.messages.isEmpty { screen.show("nothing was said here yet") }
  }

  private func showOnline(_ named: [String]) async throws {
    var users = named
    if users.isEmpty {
      switch try openConversation() {
      case .user(let peer): users = [peer]
      case .group(let name):
        users = Array(try await client.members(of: name).prefix(Limits.onlineUsersMax))
      }
    }
    let online = try await client.online(users)
    for user in users where !named.isEmpty || online[user] == true {
      screen.show("\(Terminal.safe(user)) is \(online[user] == true ? "online" : "offline")")
    }
    if named.isEmpty {
      screen.show("\(online.values.count { $0 }) of \(users.count) online")
    }
  }
}
