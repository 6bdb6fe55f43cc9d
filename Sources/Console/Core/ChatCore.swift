import DaybookModel
import DaybookSDK

/// What a person's session at the console knows, without the person and the server: events and
/// answers in, lines out.
struct ChatCore {
  struct Settings {
    /// Lines can be changed where they stand, as at a terminal. Else each own message has one line
    /// when it is stored, or refused.
    var changesLines = false
    /// Of a conversation, of what came while the person was away.
    var backlogLines = Backlog.linesDefault
    /// Direct messages and mentions ring.
    var rings = false
  }

  let settings: Settings
  var reader: ChatReader
  /// Why nothing can be said in the open conversation; nil where it can.
  private(set) var muteness: String?
  var shown: ShownMessages
  var own = OwnLines()
  var doings = OwnDoings()
  var names = KnownNames()
  /// The newest seq that was seen of each conversation: what opening it marks as read.
  private(set) var seen: [Conversation: UInt64] = [:]
  /// The oldest message of each that was shown: what `/older` goes on from.
  private(set) var oldest: [Conversation: UInt64] = [:]
  /// How conversations are marked, as far as they are.
  var marks: [Conversation: MarkedConversation] = [:]
  private(set) var unread: [Conversation: UInt64] = [:]
  /// What did not work first.
  private(set) var failure: ChatFailure?
  private(set) var isLost = false
  var isLeaving = false
  var backlog: Backlog
  var isCaughtUp = false
  /// Of the line that was shown last.
  private var day: String
  private var nextLine = 0

  init(me: String, clock: ChatClock, settings: Settings) {
    self.settings = settings
    reader = ChatReader(me: me, open: nil, clock: clock)
    shown = ShownMessages(me: me)
    backlog = Backlog(linesMax: settings.backlogLines)
    day = clock.date(clock.now())
  }

  var me: String { reader.me }

  // MARK: the connection

  mutating func take(_ state: ConnectionState) -> [ChatOutput] {
    switch state {
    case .connected:
      defer { isLost = false }
      return isLost ? [.show(ScreenLine(ChatText.isBack, .news))] : []
    case .waiting(_, let error):
      // One line, however often it is tried.
      if isLost { return [] }
      isLost = true
      return [.show(ScreenLine(ChatText.lost(error), .problem))] + waiting
    case .closed(let error?):
      isLost = false
      // Where lines go to a file, the error that ends the program says it.
      guard settings.changesLines else { return [] }
      return [.show(ScreenLine("the session has ended: \(problem(error))", .problem))]
    case .closed(nil): return []
    }
  }

  /// What a person who leaves waits for, if it may take a while.
  var waiting: [ChatOutput] {
    let count = own.unansweredCount
    guard isLeaving, isLost, count > 0 else { return [] }
    let text = "waiting for \(count) unsent message\(count == 1 ? "" : "s"), Ctrl-C drops "
    return [.show(ScreenLine(text + (count == 1 ? "it" : "them"), .news))]
  }

  // MARK: what is unread

  mutating func note(_ counts: UnreadCounts) -> [ChatOutput] {
    unread = [:]
    for one in counts.conversations where one.conversation != reader.open {
      unread[one.conversation] = one.unread
      names.add(one.conversation)
      if !isCaughtUp { backlog.note(one.conversation, unread: one.unread) }
    }
    return [prompt]
  }

  /// In conversations that aren't open, nor quiet.
  private var badge: UInt64 {
    unread.reduce(0) { marks[$1.key]?.isQuiet == true ? $0 : $0 + $1.value }
  }

  /// `(3) ann → #team`
  var prompt: ChatOutput {
    let badge = badge > 0 ? "(\(ChatText.count(badge))) " : ""
    let place = reader.open.map { " → \(ChatText.name($0))" } ?? ""
    let mute = muteness == nil ? "" : " (read only)"
    return .prompt(badge + Terminal.safe(me) + place + mute + "> ")
  }

  mutating func count(unread conversation: Conversation) -> [ChatOutput] {
    unread[conversation, default: 0] += 1
    return [prompt]
  }

  mutating func markRead(_ conversation: Conversation) -> [ChatOutput] {
    let wasUnread = unread.removeValue(forKey: conversation) != nil
    // With nothing seen, a mark goes.
    let read = ChatOutput.read(conversation, upToSeq: seen[conversation] ?? 0)
    return wasUnread ? [read, prompt] : [read]
  }

  mutating func see(_ message: IncomingMessage) {
    let conversation = message.conversation
    // A message's seq is of the stream that it came in: here the own mailbox, or the group.
    seen[conversation] = max(seen[conversation] ?? 0, message.seq)
  }

  // MARK: which conversation is open

  /// Opens a conversation with its newest messages. `muteness` says why nothing can be said there.
  mutating func open(
    _ conversation: Conversation, muteness: String? = nil, _ page: HistoryMessages?
  ) -> [ChatOutput] {
    reader.open = conversation
    self.muteness = muteness
    names.add(conversation)
    var outputs: [ChatOutput] = []
    if settings.changesLines {
      outputs.append(.show(ScreenLine("— \(ChatText.name(conversation)) —", .news)))
    }
    let messages = page?.messages ?? []
    for message in messages {
      see(message)
      outputs += line(of: message)
    }
    let before = unread[conversation] ?? 0
    let others = UInt64(messages.count { !$0.isOwn })
    if page?.more == true, before > others {
      let text = "\(ChatText.count(before - others)) more are unread: /older shows them"
      outputs.append(.show(ScreenLine(text, .news)))
    }
    if let page, page.messages.isEmpty, !page.more, let line = ChatText.empty(conversation, me) {
      outputs.append(.show(ScreenLine(line, .news)))
    }
    if let muteness { outputs.append(.show(ScreenLine(muteness, .news))) }
    unread[conversation] = nil
    return outputs + [prompt] + markRead(conversation)
  }

  /// The open one is closed: the next line goes to nobody by mistake.
  mutating func close() -> [ChatOutput] {
    reader.open = nil
    muteness = nil
    return [prompt]
  }

  /// There is nothing to say there any more.
  mutating func close(_ conversation: Conversation) -> [ChatOutput] {
    unread[conversation] = nil
    return reader.open == conversation ? close() : [prompt]
  }

  /// The group can be looked at, for a reason that is said with the next line.
  mutating func mute(_ conversation: Conversation, _ reason: String) -> [ChatOutput] {
    guard reader.open == conversation else { return [] }
    muteness = reason
    return [prompt]
  }

  mutating func unmute(_ conversation: Conversation) -> [ChatOutput] {
    guard reader.open == conversation, muteness != nil else { return [] }
    muteness = nil
    return [prompt]
  }

  func openConversation() throws(ChatMistake) -> Conversation {
    guard let open = reader.open else {
      throw ChatMistake(advice: "no conversation is open: /to USER or /group GROUP opens one")
    }
    return open
  }

  /// One in which something can be said.
  func speakingConversation() throws(ChatMistake) -> Conversation {
    guard let open = reader.open else {
      throw ChatMistake(advice: "whom to? open a conversation with /to USER or /group GROUP")
    }
    if let muteness { throw ChatMistake(advice: muteness) }
    return open
  }

  /// `advice` is for a command that can't name a group.
  func openGroup(
    else advice: String = "no group is open: /group GROUP opens one"
  ) throws(ChatMistake) -> String {
    guard case .group(let name)? = reader.open else { throw ChatMistake(advice: advice) }
    return name
  }

  /// All of the user's conversations, as the server has them, with what this session knows besides:
  /// the one that is open, marks, and groups of which it was just told.
  func list(_ overview: [OverviewEntry]) -> [ChatText.Listed] {
    var all: [Conversation: ChatText.Listed] = [:]
    func change(_ conversation: Conversation, _ set: (inout ChatText.Listed) -> Void) {
      set(&all[conversation, default: ChatText.Listed(conversation: conversation)])
    }
    for one in overview {
      all[one.conversation] = ChatText.Listed(
        conversation: one.conversation, unread: one.unread, mentions: one.mentions,
        isPinned: one.isPinned, isQuiet: one.isQuiet, isMarkedUnread: one.isMarkedUnread)
    }
    for group in groups { change(.group(group)) { _ in } }
    for group in leftGroups { all[.group(group)] = nil }
    for mark in marks.values {
      change(mark.conversation) {
        $0.isPinned = mark.isPinned
        $0.isQuiet = mark.isQuiet
        $0.isMarkedUnread = mark.isMarkedUnread
      }
    }
    if let open = reader.open { change(open) { $0.isOpen = true } }
    return Array(all.values)
  }

  /// Groups that the user has become a member of in this session, and those that were left.
  private var groups: Set<String> = []
  private var leftGroups: Set<String> = []

  mutating func joined(_ group: String) {
    groups.insert(group)
    leftGroups.remove(group)
  }

  mutating func left(_ group: String) {
    groups.remove(group)
    leftGroups.insert(group)
  }

  /// With whom the user has to do, for completion.
  mutating func meet(_ overview: [OverviewEntry]) {
    for one in overview { names.add(one.conversation) }
  }

  // MARK: lines

  mutating func failed(_ failure: ChatFailure) { self.failure = self.failure ?? failure }

  func problem(_ error: ClientError) -> String {
    ChatText.problem(error, me: me) { id in
      reader.open.flatMap { shown.entry(of: id, in: $0) }
    }
  }

  /// A line for one that follows may be changed.
  mutating func newLine() -> Int? {
    guard settings.changesLines else { return nil }
    nextLine += 1
    return nextLine
  }

  /// In front of the first line of another day than the last.
  mutating func dayLine(_ milliseconds: UInt64) -> [ChatOutput] {
    let date = reader.clock.date(milliseconds)
    guard date != day else { return [] }
    day = date
    return [.show(ScreenLine("— \(reader.clock.day(milliseconds)) —", .news))]
  }

  mutating func noteShown(_ id: UInt64, in conversation: Conversation) {
    oldest[conversation] = min(oldest[conversation] ?? id, id)
  }

  /// Gives the id of a stored message to the line that was shown for it under a number.
  mutating func bind(_ number: Int, in conversation: Conversation, to id: UInt64) {
    shown.bind(number, in: conversation, to: id)
    noteShown(id, in: conversation)
  }

  /// Shows a message under its number.
  mutating func line(of message: IncomingMessage, unread: UInt64 = 0) -> [ChatOutput] {
    let conversation = message.conversation
    let isOpen = conversation == reader.open
    let number = isOpen ? shown.number(message) : nil
    if !isOpen { shown.remember(message) }
    if isOpen, !message.isTransient { noteShown(message.id, in: conversation) }
    let answered = message.replyTo.flatMap { shown.entry(of: $0, in: conversation) }
    let text = ChatText.message(
      message, number: number, for: reader, answered: answered, unread: unread)
    var id: Int?
    if message.isOwn, !message.isTransient {
      id = newLine()
      let line = OwnLines.Line(
        id: id, text: text, number: number, conversation: conversation, content: nil)
      own.shown(message.id, line)
    }
    let style: ScreenLine.Style =
      message.mentionsMe ? .mention : isOpen ? .plain : .elsewhere
    return dayLine(ChatText.shownTime(message)) + [.show(ScreenLine(text, style), id: id)]
  }
}
