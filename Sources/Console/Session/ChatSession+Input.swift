import DaybookModel
import DaybookSDK

/// What was entered, and where it is said.
extension ChatSession {
  func follow(_ input: ChatInput) async throws {
    switch input {
    case .nothing, .quit: break
    case .help(let name): say(name.flatMap { ChatForm.named[$0]?.explained } ?? ChatForm.overview)
    case .wrong(let advice): throw ChatMistake(advice: advice)
    case .text(let text): try send(text, to: try core.speakingConversation(), SendOptions())
    case .open(.user(let user)): try await enter(.user(user))
    case .open(.group(let group)): try await look(at: group)
    case .join(let group): try await join(try group ?? core.openGroup(else: whichGroup))
    case .create(let group): try await create(group)
    case .leave(let group): try await leave(try group ?? core.openGroup(else: whichGroup))
    case .list: try await showList()
    case .history(let count): try await showHistory(count)
    case .older(let count): try await showOlder(count)
    case .unread:
      let counts = try await client.unread()
      run(core.note(counts))
      say(ChatText.unread(counts))
    case .online(let users): try await showOnline(users)
    case .typing: try client.typing(in: try core.speakingConversation())
    case .message(let input): try await follow(input)
    case .inGroup(let input): try await follow(input)
    case .own(let input): try await follow(input)
    }
  }

  private var whichGroup: String { "say which group, or open it first with /group GROUP" }

  // MARK: where to talk

  /// Opens a conversation, shows its end, and marks it as read. If that is refused, none is open.
  func enter(_ conversation: Conversation) async throws {
    var page: HistoryMessages?
    try await orClose {
      try await unlessTemporary {
        page = try await client.history(of: conversation, limit: ChatInput.historyDefault)
      }
    }
    run(core.open(conversation, page))
  }

  /// Where somebody wanted to be elsewhere, the next line must not go where they were.
  private func orClose(_ go: () async throws -> Void) async throws {
    do {
      try await go()
    } catch {
      run(core.close())
      throw error
    }
  }

  /// Opens a group: to talk, for a member; else to look at it, which makes nobody a member.
  private func look(at group: String) async throws {
    try await orClose {
      let info = try await client.group(group)
      if info.role != nil {
        core.joined(group)
        return try await enter(.group(group))
      }
      say(ChatText.group(info, me: me))
      // Of a group that one was in, what one saw of it can be read.
      var page: HistoryMessages?
      do throws(ClientError) {
        page = try await client.history(of: .group(group), limit: ChatInput.historyDefault)
      } catch {
        guard error.code == .notAMember else { throw error }
      }
      run(core.open(.group(group), muteness: ChatText.whyMute(info), page))
    }
  }

  private func join(_ group: String) async throws {
    core.doings.expect(.groupJoined(group))
    try await orClose {
      do {
        switch try await client.join(group: group) {
        case .joined: run(core.tell(.groupJoined(group)))
        case .alreadyMember: core.doings.withdraw(.groupJoined(group))
        case .pending:
          core.doings.withdraw(.groupJoined(group))
          let reason = "you asked to be let into #\(Terminal.safe(group)), and will be told"
          run(core.open(.group(group), muteness: reason, nil))
          return
        }
      } catch {
        core.doings.withdraw(.groupJoined(group))
        throw error
      }
      core.joined(group)
      try await enter(.group(group))
    }
  }

  private func create(_ group: String) async throws {
    core.doings.expect(.groupJoined(group))
    try await orClose {
      do {
        try await client.createGroup(group)
      } catch {
        core.doings.withdraw(.groupJoined(group))
        throw error
      }
      core.joined(group)
      say("made #\(Terminal.safe(group))")
      run(core.open(.group(group), nil))
    }
  }

  private func leave(_ group: String) async throws {
    core.doings.expect(.groupLeft(group))
    do {
      if try await client.leave(group: group) {
        run(core.tell(.groupLeft(group)))
      } else {
        core.doings.withdraw(.groupLeft(group))
        say("you were no member of #\(Terminal.safe(group))")
      }
    } catch {
      core.doings.withdraw(.groupLeft(group))
      throw error
    }
    core.left(group)
    run(core.close(.group(group)))
  }

  // MARK: what was said

  private func showList() async throws {
    let overview = try await overview()
    let unread = overview.filter { $0.unread > 0 }.map {
      ConversationUnread(conversation: $0.conversation, unread: $0.unread)
    }
    run(core.note(UnreadCounts(conversations: unread)))
    say(ChatText.list(core.list(overview)))
  }

  /// All that the user has; whom it is with is known from then on.
  func overview() async throws(ClientError) -> [OverviewEntry] {
    let overview = try await client.overview()
    core.meet(overview)
    return overview
  }

  private func showHistory(_ count: Int) async throws {
    let page = try await client.history(of: try core.openConversation(), limit: count)
    for message in page.messages { run(core.line(of: message)) }
    if page.messages.isEmpty { say("nothing was said here yet") }
  }

  private func showOlder(_ count: Int) async throws {
    let conversation = try core.openConversation()
    let page = try await client.history(
      of: conversation, before: core.oldest[conversation], limit: count)
    if page.messages.isEmpty { return say("there are no older messages") }
    say("— older messages of \(ChatText.name(conversation)) —")
    for message in page.messages { run(core.line(of: message)) }
    say(page.more ? "— /older shows more —" : "— there are no older ones —")
  }

  private func showOnline(_ named: [String]) async throws {
    var users = named
    if users.isEmpty {
      switch try core.openConversation() {
      case .user(let peer): users = [peer]
      case .group(let name):
        users = try await client.members(of: name).prefix(Limits.onlineUsersMax).map(\.user)
      }
    }
    for user in users { core.names.add(user: user) }
    let people = try await client.presence(of: users)
    for presence in people where !named.isEmpty || presence.isOnline || users.count == 1 {
      say(ChatText.line(presence, core.reader.clock))
    }
    if named.isEmpty, users.count > 1 {
      say("\(people.count { $0.isOnline }) of \(users.count) online")
    }
  }
}
