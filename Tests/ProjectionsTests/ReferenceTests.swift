import DaybookModel
import DaybookSchema
import Doubles
import GRDB
import Ports
import Testing

@testable import Projections

@Suite struct ReferenceTests {
  @Test(
    "reads that stop far behind the newest message are counted from the log",
    arguments: [false, true])
  func partialReads(isColliding: Bool) async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 1, isColliding: isColliding)
    let engine = try makeEngine(log, folder)
    let queries = makeQueries(log, folder)
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: ["zoe"]))
    var others = Scenario(seed: 3, partitions: 1)
    log.append(others.events(100))
    for index in 0..<700 { log.append([chat.message(from: index % 3 == 0 ? "zoe" : "ann")]) }
    try engine.catchUp()
    // Seq 2 is zoe's join; messages follow from seq 3 on.
    log.append([chat.read("zoe", upTo: Seq(102))])
    // What comes after the read must not be counted by it.
    for _ in 0..<10 { log.append([chat.message(from: "ann")]) }
    try engine.catchUp()
    #expect(log.takeAsked().conversationPostings > 0)
    let model = ReferenceModel(events: log.allEvents[0])
    let zoe = UserID(checked: "zoe")
    let expected = model.unreadCounts(of: zoe)
    #expect(expected.count == 1)
    #expect(try await unreadCounts(queries, of: zoe) == expected)
    #expect(try hashesOfRebuild(log) == (try stateHashes(log, folder)))
    engine.close()
  }

  @Test("the same holds for a mailbox, where other peers and own copies lie between")
  func partialDirectReads() async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 1)
    let engine = try makeEngine(log, folder)
    let queries = makeQueries(log, folder)
    var mailbox = MailboxChat()
    for index in 0..<900 { log.append([mailbox.message(index)]) }
    try engine.catchUp()
    for upTo in [7, 100, 101, 450, 899] as [UInt64] {
      log.append([mailbox.read("ann", upTo: Seq(upTo))])
      log.append([mailbox.message(0)])
      try engine.catchUp()
      let expected = ReferenceModel(events: log.allEvents[0])
        .unreadCounts(of: mailbox.owner)
      #expect(try await unreadCounts(queries, of: mailbox.owner) == expected)
    }
    #expect(log.takeAsked().conversationPostings > 0)
    #expect(try hashesOfRebuild(log) == (try stateHashes(log, folder)))
    engine.close()
  }

  @Test("reads after a restart, when nothing is remembered, are counted from the log alike")
  func readsAfterRestart() async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 2)
    let queries = makeQueries(log, folder)
    var scenario = Scenario(seed: 8, partitions: 2)
    for _ in 0..<60 {
      log.append(scenario.events(10))
      let engine = try makeEngine(log, folder, chunkBytes: 300)
      try engine.catchUp()
      engine.close()
    }
    #expect(log.takeAsked().streamPostings > 0)
    let model = ReferenceModel(events: log.allEvents.flatMap { $0 })
    for user in scenario.users {
      let expected = model.unreadCounts(of: user)
      #expect(try await unreadCounts(queries, of: user) == expected)
    }
    #expect(try hashesOfRebuild(log) == (try stateHashes(log, folder)))
  }

  @Test(
    "conversation heads and pages of history equal the messages in the log",
    arguments: [false, true])
  func history(isColliding: Bool) async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 2, isColliding: isColliding)
    let engine = try makeEngine(log, folder)
    let clock = SettableClock()
    let queries = makeQueries(log, folder, clock: clock)
    var scenario = Scenario(seed: 9, partitions: 2)
    let events = scenario.events(600)
    log.append(events)
    try engine.catchUp()
    let model = ReferenceModel(events: events)
    clock.set(Timestamp(milliseconds: scenario.now - 40))
    var conversations = scenario.groups.map { ConversationKey(group: $0) }
    // A direct message and its copy have one id: in one conversation they could not be paged.
    for user in isColliding ? [] : scenario.users {
      conversations += scenario.users.map { ConversationKey(mailbox: user, peer: $0) }
    }
    for conversation in conversations {
      let expected = model.messages(of: conversation)
      try await compare(conversation, expected.map { model.shown($0, at: clock.now()) }, queries)
      let head = try await open(.history, folder).read { database in
        try Int64.fetchAll(
          database,
          sql: "SELECT messages, last_message_id FROM conversations WHERE stream = ? AND peer = ?",
          arguments: [conversation.stream.text, conversation.peer?.text ?? ""])
      }
      #expect(head.first.map { Int($0) } ?? 0 == expected.count)
    }
    engine.close()
  }

  private func compare(
    _ conversation: ConversationKey, _ expected: [Event], _ queries: QueryService
  ) async throws {
    let all = try await queries.history(
      of: conversation, before: nil, limit: 10_000, bytesMax: .max, visible: nil, through: nil,
      reader: nil)
    #expect(all.messages.map(\.bytes) == expected.map(EventEncoding.encode))
    #expect(!all.more)
    // In pages of 7 from the newest.
    var paged: [Event] = []
    var before: MessageID?
    while true {
      let page = try await queries.history(
        of: conversation, before: before, limit: 7, bytesMax: .max, visible: nil, through: nil,
        reader: nil)
      paged = try page.messages.map { try EventDecoding.decode($0.bytes) } + paged
      before = paged.first?.messageID
      guard page.more else { break }
    }
    #expect(paged == expected)
  }

  @Test("a page of a group's history shows only what the member may see")
  func visibility() async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 1)
    let queries = makeQueries(log, folder)
    var chat = GroupChat()
    log.append(chat.found(by: "ann", with: []))
    for _ in 0..<30 { log.append([chat.message(from: "ann")]) }
    let visible = [
      SeqInterval(first: Seq(5), last: Seq(8)), SeqInterval(first: Seq(20), last: nil),
    ]
    try makeEngine(log, folder).catchUp()
    let conversation = ConversationKey(group: chat.group)
    let page = try await queries.history(
      of: conversation, before: nil, limit: 14, bytesMax: .max, visible: visible, through: nil,
      reader: nil)
    let seqs = try page.messages.map { try EventDecoding.decode($0.bytes).seq.rawValue }
    #expect(seqs == [7, 8] + [UInt64](20...31))
    #expect(page.more)
    let rest = try await queries.history(
      of: conversation, before: try EventDecoding.decode(page.messages[0].bytes).messageID,
      limit: 14, bytesMax: .max, visible: visible, through: nil, reader: nil)
    #expect(try rest.messages.map { try EventDecoding.decode($0.bytes).seq.rawValue } == [5, 6])
    #expect(!rest.more)
  }

  @Test(
    "a stream's events come by seq, without those that take none", arguments: [false, true])
  func streamEvents(isColliding: Bool) async throws {
    let folder = try TemporaryFolder()
    let log = MemoryLog(partitions: 2, isColliding: isColliding)
    let queries = makeQueries(log, folder)
    var scenario = Scenario(seed: 4, partitions: 2)
    log.append(scenario.events(300))
    let stream = StreamKey.user(scenario.users[0])
    let all = ReferenceModel(events: log.allEvents.flatMap { $0 }).inStream(stream)
      .filter { $0.seq > .none }
    let found = try await queries.events(
      of: stream, from: Seq(3), through: Seq(20), limit: 9, bytesMax: .max)
    #expect(found.map(\.seq) == all.map(\.seq).filter { $0 >= Seq(3) && $0 <= Seq(11) })
  }
}
