import DaybookModel
import DaybookSchema
import Doubles
import NIOCore
import Ports
import Testing

@testable import LogReading
@testable import Projections

/// What was recalled, edited or has expired, as read from the log alone: no projection is built.
@Suite struct AmendmentTests {
  private let folder: TemporaryFolder
  private let log = MemoryLog(partitions: 1)
  private let clock = SettableClock()
  private let queries: QueryService
  private var chat = GroupChat()

  init() throws {
    folder = try TemporaryFolder()
    queries = makeQueries(log, folder, clock: clock)
    log.append(chat.found(by: "ann", with: ["zoe"]))
  }

  @Test("who has left is shown no later edits and reactions, but recalls")
  mutating func afterLeaving() async throws {
    let messages = (0..<3).map { _ in chat.message(from: "ann") }
    log.append(messages)
    log.append([chat.edit(messages[0], "first"), chat.react(messages[0], "+", by: "zoe")])
    log.append([chat.leave("zoe")])
    let left = SeqInterval(first: Seq(2), last: Seq(8))
    log.append([
      chat.edit(messages[0], "secret"), chat.react(messages[0], "+", by: "ann"),
      chat.react(messages[1], "?", by: "ann"), chat.edit(messages[1], "secret"),
      chat.recall(messages[2], by: "ann"),
    ])
    try makeEngine(log, folder).catchUp()
    func page(_ visible: [SeqInterval]?, through: Seq? = nil) async throws -> HistoryPage {
      try await queries.history(
        of: ConversationKey(group: chat.group), before: nil, limit: 10, bytesMax: .max,
        visible: visible, through: through, reader: UserID(checked: "zoe"))
    }
    func edits(_ page: HistoryPage) throws -> [String] {
      try page.amendments.compactMap(\.edit).map { bytes in
        guard case .messageEdited(_, let text) = try EventDecoding.decode(bytes).body else {
          return "?"
        }
        return String(buffer: text)
      }
    }
    let shown = try await page([left])
    #expect(try edits(shown) == ["first"])
    #expect(shown.amendments.map(\.edits) == [1])
    #expect(
      shown.amendments.map(\.reactions) == [[.init(reaction: "+", count: 1, isOwn: true)]])
    #expect(tombstone(try EventDecoding.decode(shown.messages[2].bytes)) != nil)
    // Nor is one who has left meanwhile, who was a member when that was asked.
    #expect(try edits(try await page(nil, through: Seq(8))) == ["first"])
    let all = try await page(nil)
    #expect(try edits(all) == ["secret", "secret"])
    #expect(all.amendments[0].reactions == [.init(reaction: "+", count: 2, isOwn: true)])
    // What nobody asks the log with has no bound to be past.
    #expect(
      try await queries.message(MessageID(.max), in: ConversationKey(group: chat.group)) == nil)
  }

  private func events(from first: UInt64, through last: UInt64) async throws -> [Event] {
    try await queries.events(
      of: .group(chat.group), from: Seq(first), through: Seq(last), limit: 256, bytesMax: .max
    ).map { try EventDecoding.decode($0.bytes) }
  }

  private func page(limit: Int) throws -> HistoryPage {
    try HistoryPages(log: log, clock: clock).history(
      of: ConversationKey(group: chat.group), before: nil, limit: limit, visible: nil
    ).page
  }

  private func tombstone(_ event: Event) -> MessageTombstone? {
    if case .messageTombstone(let tombstone) = event.body { tombstone } else { nil }
  }

  @Test("a message is a tombstone from the moment on in which its recall is in the log")
  mutating func recalled() async throws {
    let messages = (0..<3).map { _ in chat.message(from: "ann") }
    log.append(messages)
    let edit = chat.edit(messages[1], "better")
    log.append([edit])
    #expect(try await events(from: 3, through: 6) == messages + [edit])
    let recall = chat.recall(messages[1], by: "zoe")
    log.append([recall])
    let shown = try await events(from: 3, through: 7)
    let expected = MessageTombstone(by: UserID(checked: "zoe"), at: recall.recordedAt)
    #expect(
      shown.map(tombstone) == [
        nil, expected, nil,
        MessageTombstone(
          by: UserID(checked: "zoe"), at: recall.recordedAt, isEdit: true), nil,
      ])
    #expect(shown.map(\.seq) == [3, 4, 5, 6, 7].map { Seq($0) })
    #expect(shown[1].messageID == messages[1].messageID)
    #expect(shown[1].actor == messages[1].actor)
    #expect(shown[4] == recall)
    let found = try await queries.message(
      messages[1].messageID, in: ConversationKey(group: chat.group))
    #expect(try found.map { try EventDecoding.decode($0.bytes) } == shown[1])
    #expect(try page(limit: 10).amendments.isEmpty)
  }

  @Test("a page without anything amended costs one look at the postings besides its own")
  mutating func unamended() async throws {
    for _ in 0..<300 { log.append([chat.message(from: "ann")]) }
    _ = try page(limit: 50)
    #expect(log.takeAsked().conversationPostings == 2)
    _ = try await events(from: 1, through: 200)
    #expect(log.takeAsked().conversationPostings == 1)
    // Nobody has sent anything.
    _ = try await events(from: 1, through: 2)
    #expect(log.takeAsked().conversationPostings == 0)
  }

  @Test("old amendments cost a page of new messages no more than one look", arguments: [255, 256])
  mutating func oldAmendments(edits: Int) async throws {
    let old = (0..<edits).map { _ in chat.message(from: "ann") }
    log.append(old)
    log.append(old.map { chat.edit($0, "e") })
    log.append((0..<100).map { _ in chat.message(from: "ann") })
    let head = UInt64(2 + 2 * edits + 100)
    _ = try await events(from: head - 90, through: head)
    let asked = log.takeAsked()
    #expect(asked.conversationPostings == 1)
    #expect(asked.events <= 128)
  }

  @Test(
    "the last of very many edits is found, and the recall behind them",
    arguments: [1, 255, 256, 257, 1_000])
  mutating func manyEdits(count: Int) throws {
    let messages = (0..<3).map { _ in chat.message(from: "ann") }
    log.append(messages)
    for index in 1...count {
      log.append([chat.edit(messages[1], "edit \(index)")])
      if index % 2 == 0 { log.append([chat.edit(messages[2], "other \(index)")]) }
    }
    _ = log.takeAsked()
    let amendments = try page(limit: 10).amendments
    #expect(log.takeAsked().events <= 5)
    let edited = amendments.first { $0.messageID == messages[1].messageID }
    #expect(edited?.edits == count)
    let last = try edited?.edit.map { try EventDecoding.decode($0) }
    #expect(last?.body == chat.edit(messages[1], "edit \(count)").body)
    #expect(amendments.last?.edits == (count == 1 ? 1 : count / 2))
    log.append([chat.recall(messages[1], by: "ann")])
    #expect(try page(limit: 10).amendments.allSatisfy { $0.messageID != messages[1].messageID })
  }

  @Test("edits of messages that lie far apart are judged each by its own message")
  mutating func farApart() async throws {
    let messages = (0..<2_000).map { _ in chat.message(from: "ann") }
    log.append(messages)
    log.append(messages.map { chat.edit($0, "e") })
    log.append([10, 700, 1_500].map { chat.edit(messages[$0], "again") })
    log.append([10, 1_500].map { chat.recall(messages[$0], by: "ann") })
    let shown = try await events(from: 4_003, through: 4_005)
    #expect(shown.map { tombstone($0)?.isEdit } == [true, nil, true])
  }

  @Test("a message that has expired is a tombstone, and its edits are, wherever they are read")
  mutating func expired() async throws {
    let expiring = chat.message(from: "ann", expiresAt: Timestamp(milliseconds: 500))
    let kept = chat.message(from: "ann")
    log.append([expiring, kept])
    log.append([chat.edit(expiring, "a"), chat.edit(kept, "b")])
    clock.set(Timestamp(milliseconds: 499))
    #expect(try await events(from: 3, through: 6).compactMap(tombstone).isEmpty)
    #expect(try page(limit: 5).amendments.count == 2)
    clock.set(Timestamp(milliseconds: 500))
    let gone = MessageTombstone(by: nil, at: Timestamp(milliseconds: 500))
    #expect(try await events(from: 3, through: 4).map(tombstone) == [gone, nil])
    // Where the message itself isn't on the page.
    let edits = try await events(from: 5, through: 6).map(tombstone)
    #expect(edits.map { $0?.isEdit } == [true, nil])
    #expect(edits[0]?.at == Timestamp(milliseconds: 500))
    #expect(try page(limit: 5).amendments.map(\.messageID) == [kept.messageID])
    let found = try await queries.message(
      expiring.messageID, in: ConversationKey(group: chat.group))
    #expect(try found.map { tombstone(try EventDecoding.decode($0.bytes)) } == gone)
  }

  @Test("a message is found by its id in its own conversation only")
  mutating func byID() async throws {
    let message = chat.message(from: "ann")
    log.append([message])
    let here = ConversationKey(group: chat.group)
    #expect(try await queries.message(message.messageID, in: here)?.seq == message.seq)
    let elsewhere = ConversationKey(group: GroupID(checked: "other"))
    #expect(try await queries.message(message.messageID, in: elsewhere) == nil)
    #expect(try await queries.message(MessageID(1), in: here) == nil)
    #expect(try await queries.message(message.messageID.next, in: here) == nil)
  }

  @Test("who has cleared a conversation with a peer sees what came since, late copies too")
  mutating func clearedMailbox() throws {
    var mailbox = MailboxChat()
    let late = mailbox.reserveID()
    for index in 0..<600 { log.append([mailbox.message(index * 3)]) }
    let cleared = SeqInterval(first: Seq(599), last: nil)
    log.append([mailbox.copy(to: "ann", id: late)])
    let conversation = ConversationKey(mailbox: mailbox.owner, peer: UserID(checked: "ann"))
    let page = try HistoryPages(log: log, clock: clock).history(
      of: conversation, before: nil, limit: 700, visible: [cleared]
    ).page
    let seqs = try page.messages.map { try EventDecoding.decode($0.bytes).seq.rawValue }
    #expect(seqs == [601, 599, 600])
    let short = try HistoryPages(log: log, clock: clock).history(
      of: conversation, before: nil, limit: 50, visible: [SeqInterval(first: Seq(602), last: nil)])
    #expect(short.page.messages.isEmpty && !short.page.more)
  }
}
