import DaybookSDK
import DaybookModel

/// What is typed, and where it is said.
extension ChatSession {
  /// False when the person wants to leave.
  package func take(_ line: String) async -> Bool {
    let input = ChatInput(line)
    if input == .quit { return false }
    do {
      try await follow(input)
    } catch let error as ClientError {
      screen.show(ChatText.problem(error))
    } catch {
      screen.show("\(error)")
    }
    return true
  }

  private func follow(_ input: ChatInput) async throws {
    switch input {
    case .nothing, .quit: break
    case .help: screen.show(ChatForm.help)
    case .wrong(let advice): screen.show(advice)
    case .text(let text): try send(text, to: try openConversation(), SendOptions())
    case .to(let user): try await enter(.user(user))
    case .group(let name): try await enterGroup(name, orMake: true)
    case .join(let name): try await enterGroup(try name ?? openGroup(), orMake: false)
    case .leave(let name): try await leave(try name ?? openGroup())
    case .history(let count): try await showHistory(count)
    case .unread:
      let counts = try await client.unread()
      note(counts)
      screen.show(ChatText.unread(counts))
    case .online(let users): try await showOnline(users)
    case .typing: try client.typing(in: try openConversation())
    case .message(let input): try await follow(input)
    case .inGroup(let input): try await follow(input)
    case .own(let input): try await follow(input)
    }
  }

  func openConversation() throws -> Conversation {
    guard let open = reader.open else {
      throw ClientError(
        .invalidRequest, "whom to? open a conversation with /to USER or /group NAME")
    }
    return open
  }

  func openGroup() throws -> String {
    guard case .group(let name)? = reader.open else {
      throw ClientError(.invalidRequest, "say which group, or open it first with /group NAME")
    }
    return name
  }

  private func enterGroup(_ name: String, orMake makes: Bool) async throws {
    do {
      if try await client.join(group: name) == .pending {
        return screen.show("asked to be let into #\(Terminal.safe(name)); you will be told")
      }
    } catch {
      guard makes, error.code == .groupNotFound else { throw error }
      guard try await make(name) else { return try await enterGroup(name, orMake: true) }
    }
    try await enter(.group(name))
  }

  /// False if somebody was faster.
  private func make(_ name: String) async throws -> Bool {
    do {
      try await client.createGroup(name)
    } catch {
      guard error.code == .groupExists else { throw error }
      return false
    }
    screen.show("made #\(Terminal.safe(name))")
    return true
  }

  private func leave(_ name: String) async throws {
    let changed = try await client.leave(group: name)
    if !changed { screen.show("you were no member of #\(Terminal.safe(name))") }
    close(.group(name))
  }

  /// Opens a conversation, shows its end, and marks it as read.
  private func enter(_ conversation: Conversation) async throws {
    var page: HistoryMessages?
    try await unlessTemporary {
      page = try await client.history(of: conversation, limit: ChatInput.historyDefault)
    }
    reader.open = conversation
    for message in page?.messages ?? [] {
      line(of: message)
      // A message's seq is of the stream that it came in: here the own mailbox, or the group.
      seen[conversation] = max(seen[conversation] ?? 0, message.seq)
    }
    setPrompt()
    markRead(conversation)
  }

  private func showHistory(_ count: Int) async throws {
    let page = try await client.history(of: try openConversation(), limit: count)
    for message in page.messages { line(of: message) }
    if page.messages.isEmpty { screen.show("nothing was said here yet") }
  }

  private func showOnline(_ named: [String]) async throws {
    var users = named
    if users.isEmpty {
      switch try openConversation() {
      case .user(let peer): users = [peer]
      case .group(let name):
        users = try await client.members(of: name).prefix(Limits.onlineUsersMax).map(\.user)
      }
    }
    let people = try await client.presence(of: users)
    for presence in people where !named.isEmpty || presence.isOnline || users.count == 1 {
      screen.show(ChatText.line(presence))
    }
    if named.isEmpty, users.count > 1 {
      screen.show("\(people.count { $0.isOnline }) of \(users.count) online")
    }
  }
}
