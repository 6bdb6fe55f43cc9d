import DaybookModel
import Testing

@testable import Console
@testable import DaybookSDK

@Suite("A session at the console")
struct ChatCoreTests {
  private let ben = Conversation.user("ben")
  private let team = Conversation.group("team")
  private let lost = ClientError(.unreachable, "gone")

  private func core(
    open: Conversation? = nil, isTerminal: Bool = true, backlog: Int = 20, rings: Bool = false,
    isCaughtUp: Bool = true
  ) -> ChatCore {
    var settings = ChatCore.Settings()
    settings.changesLines = isTerminal
    settings.backlogLines = backlog
    settings.rings = rings
    var core = ChatCore(me: "me", clock: .fixed(), settings: settings)
    if isCaughtUp { _ = core.take(.caughtUp) }
    if let open { _ = core.open(open, nil) }
    return core
  }

  private func message(
    _ id: UInt64, _ text: String, from: String = "ben", in conversation: Conversation,
    mentions: Bool = false, at: UInt64 = 1_800_000_000_000
  ) -> IncomingMessage {
    let me = UserID(checked: "me")
    let event = Event(
      stream: StreamKey(checked: "user/me")!, seq: Seq(id), messageID: MessageID(id),
      recordedAt: Timestamp(milliseconds: at), actor: Actor(user: UserID(checked: from)),
      body: .messageSent(Message(content: MessageContent.text(text).encoded())))
    var message = IncomingMessage(event, for: me)!
    message.conversation = conversation
    message.mentionsMe = mentions
    return message
  }

  private func page(_ messages: [IncomingMessage], more: Bool = false) -> HistoryMessages {
    HistoryMessages(messages: messages, more: more)
  }

  private func stored(_ id: UInt64) -> MessageStatus {
    .stored(StoredMessage(messageID: id, seq: 1, recordedAt: Moment(millisecondsSince1970: 1)))
  }

  private func update(
    _ status: MessageStatus, send: UInt64? = nil, message: UInt64? = nil
  ) -> ClientEvent {
    .status(StatusUpdate(sendID: send, messageID: message, conversation: ben, status: status))
  }

  /// Lines as they stand then: those that were shown, changed in their places.
  private func lines(_ outputs: [ChatOutput]) -> [String] {
    var lines: [(id: Int?, text: String)] = []
    for output in outputs {
      switch output {
      case .show(let line, let id): lines.append((id, line.text))
      case .change(let id, let line, let otherwise):
        if let at = lines.firstIndex(where: { $0.id == id }) {
          lines[at].text = line.text
        } else if let otherwise {
          lines.append((nil, otherwise.text))
        }
      default: break
      }
    }
    return lines.map(\.text)
  }

  private func prompt(_ outputs: [ChatOutput]) -> String? {
    outputs.reduce(nil) { if case .prompt(let prompt) = $1 { prompt } else { $0 } }
  }

  // MARK: own messages

  @Test("has one line for an own message, at whose end stands what became of it")
  func status() {
    var core = core(open: ben)
    var outputs = core.send(.init(id: 1, conversation: ben, text: "hi"))
    #expect(lines(outputs) == ["[1] 08:00 you: hi  …"])
    outputs += core.take(update(stored(9), send: 1, message: 9))
    #expect(lines(outputs) == ["[1] 08:00 you: hi  ✓ stored"])
    // It is shown: /older begins in front of it.
    #expect(core.oldest[ben] == 9)
    #expect(core.take(.message(message(9, "hi", from: "me", in: ben))).isEmpty)
    outputs += core.take(update(.delivered, message: 9))
    #expect(lines(outputs) == ["[1] 08:00 you: hi  ✓✓ delivered"])
    outputs += core.take(update(.read, message: 9))
    #expect(lines(outputs) == ["[1] 08:00 you: hi  ✓✓ read"])
    // News of no message in particular has no line to change.
    #expect(core.take(update(.read)).isEmpty && core.failure == nil)
  }

  @Test("says in a line's place that a message was refused, or anew where the line is gone")
  func refused() {
    var core = core(open: ben)
    let sent = core.send(.init(id: 1, conversation: ben, text: "hi"))
    let failed = core.take(update(.failed(ClientError(.blocked, "…")), send: 1))
    let line = "[1] 08:00 you: hi  ✗ not sent (this user takes nothing from you)"
    #expect(lines(sent + failed) == [line] && lines(failed) == [line])
    #expect(core.failure == .notSent)
  }

  @Test("has for a script one line for each own message, once it is stored or refused")
  func script() {
    var core = core(open: ben, isTerminal: false)
    var outputs = core.send(.init(id: 1, conversation: ben, text: "one\ntwo"))
    outputs += core.send(.init(id: 2, conversation: ben, text: "x", isTransient: true))
    outputs += core.send(.init(id: 3, conversation: ben, text: "three"))
    #expect(lines(outputs).isEmpty)
    outputs += core.answered(1, stored(9), message: 9)
    // The same answer by its event.
    outputs += core.take(update(stored(9), send: 1, message: 9))
    outputs += core.take(update(.delivered, message: 9))
    outputs += core.take(update(.pushed, send: 2))
    outputs += core.take(update(.failed(lost), send: 3))
    #expect(
      lines(outputs) == [
        "[1] 08:00 you: one\ntwo  ✓ stored", "08:00 you: x  ✓ sent to who is online",
        "[2] 08:00 you: three  ✗ not sent (the server doesn't answer)",
      ])
    #expect(core.own.unansweredCount == 0)
  }

  @Test("knows an own message that comes before the answer to its send")
  func early() {
    var core = core(open: ben)
    let sent = core.send(.init(id: 1, conversation: ben, text: "hi"))
    #expect(core.take(.message(message(9, "hi", from: "me", in: ben))).isEmpty)
    #expect(
      lines(sent + core.take(update(stored(9), send: 1, message: 9))) == [
        "[1] 08:00 you: hi  ✓ stored"
      ])
    // What another device says is shown, and what becomes of it too.
    let other = core.take(.message(message(10, "there", from: "me", in: ben)))
    #expect(lines(other) == ["[2] 08:00 you: there"])
    #expect(
      lines(other + core.take(update(.read, message: 10))) == ["[2] 08:00 you: there  ✓✓ read"])
  }

  // MARK: numbers

  @Test("takes numbers of the open conversation, and says where another's are")
  func numbers() throws {
    var core = core(open: ben)
    for id in 6...8 as ClosedRange<UInt64> { _ = core.take(.message(message(id, "x", in: ben))) }
    _ = core.open(team, nil)
    _ = core.take(.message(message(5, "cake?", from: "al", in: team)))
    #expect(try core.entry(1).id == 5)
    #expect(
      throws: ChatMistake(
        advice: "no message [3] was shown here; the one in ben takes /to ben first")
    ) { try core.entry(3) }
    #expect(throws: ChatMistake(advice: "no message [4] was shown here")) { try core.entry(4) }
    #expect(throws: ChatMistake.self) { try core.entry(nil) }
    _ = core.open(ben, nil)
    #expect(try core.entry(1).id == 6)
    _ = core.close()
    #expect(
      throws: ChatMistake(
        advice: "no message [2] was shown here; the one in ben takes /to ben first")
    ) { try core.entry(2) }
    let nothingOpen = "no conversation is open: /to USER or /group GROUP opens one"
    #expect(throws: ChatMistake(advice: nothingOpen)) { try core.entry(9) }
    #expect(throws: ChatMistake(advice: nothingOpen)) { try core.entry(nil) }
    #expect(
      throws: ChatMistake(
        advice: "whom to? open a conversation with /to USER or /group GROUP")
    ) { try core.speakingConversation() }
    #expect(throws: ChatMistake(advice: "no group is open: /group GROUP opens one")) {
      try core.openGroup()
    }
  }

  // MARK: conversations

  @Test("counts what is unread elsewhere in the prompt and behind the line, until it is opened")
  func badge() {
    var core = core(open: team)
    let first = core.take(.message(message(5, "hi", in: ben)))
    #expect(lines(first) == ["@ben 08:00 ben: hi  (1 unread: /to ben)"])
    #expect(prompt(first) == "(1) me → #team> ")
    let second = core.take(.message(message(6, "there?", in: ben)))
    #expect(lines(second) == ["@ben 08:00 ben: there?  (2 unread: /to ben)"])
    #expect(prompt(second) == "(2) me → #team> ")
    let opened = core.open(ben, page([message(5, "hi", in: ben), message(6, "there?", in: ben)]))
    #expect(lines(opened) == ["— ben —", "[1] 08:00 ben: hi", "[2] 08:00 ben: there?"])
    #expect(prompt(opened) == "me → ben> " && opened.contains(.read(ben, upToSeq: 6)))
    let here = core.take(.message(message(7, "!", in: ben)))
    #expect(lines(here) == ["[3] 08:00 ben: !"] && here.contains(.read(ben, upToSeq: 7)))
  }

  @Test("shows of what came meanwhile some lines of each conversation, and says what is more")
  func backlog() {
    var core = core(backlog: 3, isCaughtUp: false)
    let counts = UnreadCounts(
      conversations: [
        ConversationUnread(conversation: team, unread: 71_751),
        ConversationUnread(conversation: ben, unread: 2),
      ], total: 71_753)
    #expect(prompt(core.note(counts)) == "(71,753) me> ")
    var outputs: [ChatOutput] = []
    for id in 1...1_000 as ClosedRange<UInt64> {
      outputs += core.take(.message(message(id, "m\(id)", from: "al", in: team)))
      outputs += core.take(.memberJoined(group: "team", user: "u\(id)"))
    }
    #expect(lines(outputs).isEmpty)
    for id in 1...2 as ClosedRange<UInt64> {
      outputs += core.take(.message(message(id, "m\(id)", in: ben)))
    }
    #expect(lines(outputs) == ["@ben 08:00 ben: m1", "@ben 08:00 ben: m2"])
    // Of what was not counted as unread, as read on another device, too.
    let other = Conversation.group("other")
    outputs = (1...9).flatMap {
      core.take(.message(message($0, "m\($0)", from: "al", in: other)))
    }
    #expect(lines(outputs).count == 4 && lines(outputs).last == "#other has more: /group other")
    outputs = core.take(.caughtUp)
    outputs += core.take(.message(message(2_000, "live", from: "al", in: team)))
    #expect(lines(outputs) == ["#team 08:00 al: live  (71,752 unread: /group team)"])
    // To open it is to read all of it.
    let opened = core.open(team, page([message(2_000, "live", from: "al", in: team)], more: true))
    #expect(opened.contains(.read(team, upToSeq: 2_000)))
    #expect(lines(opened).last == "71,751 more are unread: /older shows them")
  }

  @Test("lists the user's groups, also those in which nothing is new, and none that was left")
  func list() {
    var core = core(open: ben)
    _ = core.take(.groupJoined("new"))
    _ = core.take(.groupLeft("old"))
    _ = core.take(.marked(MarkedConversation(team, ConversationMarks(isPinned: true))))
    var unread = OverviewEntry(conversation: .user("al"))
    (unread.unread, unread.mentions) = (2, 1)
    var quiet = OverviewEntry(conversation: .group("calm"))
    quiet.isQuiet = true
    // As of a moment before this session was told of what it did.
    let read = ["old", "read"].map { OverviewEntry(conversation: .group($0)) }
    let listed = core.list(
      [unread, quiet, OverviewEntry(conversation: .user("zoe"))] + read)
    #expect(
      ChatText.list(listed) == """
        #team: pinned
        al: 2 unread, 1 of them for you
        #calm: quiet
        #new
        #read
        ben: here
        zoe
        """)
    core.meet([OverviewEntry(conversation: .user("yves"))])
    #expect(core.names.has(user: "yves") && !core.names.has(user: "al"))
  }

  @Test("says of a user with whom nothing is that it waits, and of nobody else")
  func stranger() {
    var core = core()
    let line =
      "nothing is here yet; what you send waits for ben, even if nobody of that name has been here "
      + "so far"
    #expect(lines(core.open(ben, page([]))) == ["— ben —", line])
    #expect(lines(core.open(ben, page([message(5, "hi", in: ben)]))).last == "[1] 08:00 ben: hi")
    // Nothing is known of what could not be asked for.
    #expect(lines(core.open(ben, nil)) == ["— ben —"])
    #expect(lines(core.open(team, page([]))) == ["— #team —"])
    #expect(lines(core.open(.user("me"), page([]))) == ["— me —"])
  }

  @Test("leaves none open, or only to be read, where one can't talk")
  func muted() {
    var core = core(open: ben)
    #expect(prompt(core.close()) == "me> ")
    _ = core.open(team, muteness: "you are no member", page([message(5, "old", in: team)]))
    #expect(prompt([core.prompt]) == "me → #team (read only)> ")
    #expect(throws: ChatMistake(advice: "you are no member")) { try core.speakingConversation() }
    #expect(throws: Never.self) { try core.openConversation() }
    #expect(prompt(core.take(.groupJoined("team"))) == "me → #team> ")
    #expect(throws: Never.self) { try core.speakingConversation() }
    let ended = core.take(.groupDissolved("team", by: "al"))
    #expect(lines(ended) == ["al ended #team for good"])
    #expect(throws: ChatMistake.self) { try core.speakingConversation() }
    #expect(prompt(core.take(.groupLeft("team"))) == "me> ")
  }

  // MARK: what is told

  @Test("tells a recall once, whichever way it comes")
  func recalls() {
    var core = core(open: team)
    var gone = message(5, "", in: team)
    gone.gone = .recalled(by: "anna", at: Moment(millisecondsSince1970: 1))
    let recall = ClientEvent.recalled(MessageRecall(conversation: team, messageID: 5, by: "anna"))
    #expect(
      lines(core.take(.message(gone)) + core.take(recall)) == ["[1] 08:00 ben: [recalled by anna]"])
    _ = core.take(.message(message(6, "x", in: team)))
    let later = ClientEvent.recalled(MessageRecall(conversation: team, messageID: 6, by: "ben"))
    #expect(lines(core.take(later) + core.take(later)) == ["[2] ben: [recalled]"])
  }

  @Test("says once that the connection is lost, and once that it is back")
  func connection() {
    var core = core(open: ben)
    let info = SessionInfo(
      session: "s", user: "me", device: "d", service: nil, resumed: true, registration: 1,
      logID: "l", serverTime: Moment(millisecondsSince1970: 1))
    #expect(core.take(.connection(.connected(info))).isEmpty)
    var outputs: [ChatOutput] = []
    for wait in [58, 0, 1_940] {
      outputs += core.take(.connection(.waiting(.milliseconds(wait), lost)))
    }
    #expect(lines(outputs) == ["the connection is lost (the server doesn't answer); trying again"])
    for _ in 0..<2 { outputs += core.take(.connection(.connected(info))) }
    #expect(lines(outputs).count == 2 && lines(outputs).last == "the connection is back")
    let end = ClientEvent.connection(.closed(ClientError(.expiredToken, "…")))
    #expect(
      lines(core.take(end)) == ["the session has ended: the token has expired; get a new one"])
    // Of a script, the error that ends the program says so.
    var script = ChatCoreTests().core(isTerminal: false)
    #expect(script.take(end).isEmpty)
  }

  @Test("says what it waits for when a person leaves without a connection", arguments: 0...2)
  func leaving(count: Int) {
    var core = core(open: ben)
    _ = core.take(.connection(.waiting(.milliseconds(1), lost)))
    for id in 0..<count {
      _ = core.send(.init(id: UInt64(id), conversation: ben, text: "hi"))
    }
    #expect(core.waiting.isEmpty)
    core.isLeaving = true
    let expected = [
      [], ["waiting for 1 unsent message, Ctrl-C drops it"],
      ["waiting for 2 unsent messages, Ctrl-C drops them"],
    ]
    #expect(lines(core.waiting) == expected[count])
  }

  @Test("begins each day with a line of its own")
  func days() {
    var core = core(open: ben)
    let day: UInt64 = 86_400_000
    let now: UInt64 = 1_800_000_000_000
    var outputs = core.open(
      ben,
      page([
        message(1, "a", in: ben, at: now - 2 * day), message(2, "b", in: ben, at: now - 2 * day),
        message(3, "c", in: ben, at: now - day),
      ]))
    outputs += core.take(.message(message(4, "d", in: ben, at: now)))
    #expect(
      lines(outputs) == [
        "— ben —", "— Wednesday, 13 January 2027 —", "[1] 08:00 ben: a", "[2] 08:00 ben: b",
        "— Thursday, 14 January 2027 —", "[3] 08:00 ben: c", "— Friday, 15 January 2027 —",
        "[4] 08:00 ben: d",
      ])
  }

  @Test("rings for what is for the person, if that was asked for", arguments: [true, false])
  func bell(rings: Bool) {
    var core = core(open: team, rings: rings)
    let direct = core.take(.message(message(1, "hi", in: ben)))
    let mention = core.take(.message(message(2, "@me", in: team, mentions: true)))
    #expect(direct.contains(.bell) == rings && mention.contains(.bell) == rings)
    #expect(!core.take(.message(message(3, "x", in: team))).contains(.bell))
    #expect(!core.take(.message(message(4, "x", from: "me", in: ben))).contains(.bell))
  }

  @Test("of a quiet conversation shows only what is for the person, until it is open")
  func quiet() {
    var core = core()
    _ = core.take(.marked(MarkedConversation(team, ConversationMarks(isQuiet: true))))
    #expect(lines(core.take(.message(message(1, "x", in: team)))).isEmpty)
    #expect(prompt([core.prompt]) == "me> ")
    #expect(lines(core.take(.message(message(2, "x", in: team, mentions: true)))).count == 1)
  }
}
